#!/bin/sh
# The only thing that OpenSVC nodes may do in this guest over ssh. Printed by `osvc node guest-gate`; keep it as
# /usr/local/sbin/osvc-guest-gate (0755, root's), and write before each node's key in ~root/.ssh/authorized_keys:
#   restrict,command="/usr/local/sbin/osvc-guest-gate" ssh-ed25519 AAAA... root@node
# It must be of the same version as the nodes: what they send is compared with what stands below.
LC_ALL=C
export LC_ALL
folder='@FOLDER@'
wrapper='@WRAPPER@'
addresses='@ADDRESSES@'

refuse() {
    echo "osvc-guest-gate: refused: not one of the commands of OpenSVC on its guests" >&2
    command -v logger >/dev/null 2>&1 && logger -p auth.warning -t osvc-guest-gate "refused a command of ${SSH_CLIENT%% *}"
    exit 126
}

# Takes the next word off $rest into $word; a word is what stands before a blank, and must be of plain characters.
next() {
    word=${rest%% *}
    case $rest in *' '*) rest=${rest#* } ;; *) refuse ;; esac
}
is_plain() { # TEXT: not empty, no character but these, no hidden or upper folder, no option
    case $1 in '' | *[!A-Za-z0-9._@+:-]* | .* | -*) return 1 ;; esac
}

rest=$SSH_ORIGINAL_COMMAND
case $rest in 'env LC_ALL=C '*) rest=${rest#env LC_ALL=C } ;; *) refuse ;; esac
service=
case $rest in
OPENSVC_SVCNAME=*)
    next
    service=${word#OPENSVC_SVCNAME=}
    is_plain "$service" || refuse ;;
esac
case $rest in "sh -c '$wrapper' sh "*) rest=${rest#"sh -c '$wrapper' sh "} ;; *) refuse ;; esac
next
mark=$word
case $mark in osvc-*) is_plain "$mark" || refuse ;; *) refuse ;; esac
next
limit=$word
case $limit in '' | *[!0-9]* | ??????*) refuse ;; esac
next
daemons=$word
case $daemons in yes | no) ;; *) refuse ;; esac

case $rest in
pwd)
    set -- pwd ;;
"find $folder/. '!' -name . -prune -name '[SKC]*'")
    set -- find "$folder/." '!' -name . -prune -name '[SKC]*' ;;
"sh -c '$addresses' sh "*)
    device=${rest#"sh -c '$addresses' sh "}
    case $device in "''") device= ;; *) is_plain "$device" || refuse ;; esac
    set -- sh -c "$addresses" sh "$device" ;;
"$folder/"*' start' | "$folder/"*' stop' | "$folder/"*' status')
    verb=${rest##* }
    script=${rest#"$folder/"}
    script=${script%" $verb"}
    is_plain "$script" || refuse
    case $script in [SKC][0-9]*) ;; *) refuse ;; esac
    set -- "$folder/$script" "$verb" ;;
*)
    refuse ;;
esac
if [ -n "$service" ]; then
    OPENSVC_SVCNAME=$service
    export OPENSVC_SVCNAME
fi
exec sh -c "$wrapper" sh "$mark" "$limit" "$daemons" "$@"
