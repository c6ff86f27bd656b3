"""The script behind `osvc completion`: plain shell, so that a tab key starts no interpreter."""

from __future__ import annotations

from opensvc_core.cli.verbs import names

_GROUPS = {
    "config": "create show validate",
    "plan": "start stop restart switch migrate takeover giveback failover",
    "driver": "list show check",
    "node": "install uninstall check host-mode card trust guest-gate prkey drain undrain freeze thaw",
}
_OPTIONS = "--format --color --verbose --help --rid --tags --permit --wait --dry-run --max-parallel --timeout --watch"

_GROUP = """            {verb}) COMPREPLY=($(compgen -W "{words}" -- "$word")); return ;;"""

_BASH = """\
# Completion of osvc for bash. In ~/.bashrc: eval "$(osvc completion bash)"
_osvc() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} verb=${{COMP_WORDS[1]}} file
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{verbs}" -- "$word"))
        return
    fi
    case ${{COMP_WORDS[COMP_CWORD - 1]}} in
        --format) COMPREPLY=($(compgen -W "table plain json" -- "$word")); return ;;
        --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
        --from) COMPREPLY=($(compgen -f -- "$word")); return ;;
    esac
    case $word in
        -*) COMPREPLY=($(compgen -W "{options}" -- "$word")); return ;;
    esac
    if [ "$COMP_CWORD" -eq 2 ]; then
        case $verb in
{groups}
        esac
    fi
    for file in "${{OSVC_ROOT:-/opt/opensvc}}"/etc/"$word"*.env; do
        [ -f "$file" ] || continue
        file=${{file##*/}}
        COMPREPLY+=("${{file%.env}}")
    done
}}
complete -F _osvc osvc
"""

_ZSH = """\
# Completion of osvc for zsh. In ~/.zshrc, after compinit: eval "$(osvc completion zsh)"
autoload -U +X bashcompinit && bashcompinit
"""


def script(*, is_zsh: bool) -> str:
    """The completion script for bash, or for zsh through its bash emulation."""
    groups = "\n".join(_GROUP.format(verb=verb, words=words) for verb, words in _GROUPS.items())
    bash = _BASH.format(verbs=" ".join(names()), options=_OPTIONS, groups=groups)
    return _ZSH + bash if is_zsh else bash
