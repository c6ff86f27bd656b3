# Every way to build, try and test OpenSVC. `make help` lists the targets. Needs Python >= 3.11 with venv, and PyPI.
PYTHON  ?= python3
VENV    := .venv
BIN     := $(CURDIR)/$(VENV)/bin
MEMBERS := $(patsubst %/pyproject.toml,-e %,$(wildcard src/*/pyproject.toml))
CHECKED := src $(wildcard tests benchmarks examples)

# All that is made lies inside the clone, caches included; no cache of the user's home is read or written.
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export XDG_CACHE_HOME := $(CURDIR)/.cache
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport PYTHONPATH PYTHONHOME
# What Python has compiled it keeps beside the source, whatever the caller's habit: hundreds of commands are started.
unexport PYTHONDONTWRITEBYTECODE

# What the tests of tier 2 need of Debian. The kernel of the small Linux guest is fetched by the lab itself.
LAB_PACKAGES := qemu-system-x86 qemu-utils libvirt-daemon-system libvirt-clients lxc openssh-server openssh-client rsync \
	iproute2 iptables iputils-ping busybox-static dropbear-bin e2fsprogs mount util-linux kmod gcc libc6-dev cpio tmux \
	user-mode-linux open-iscsi openssl tgt sg3-utils lvm2 multipath-tools thin-provisioning-tools libiscsi-dev procps systemd

.DEFAULT_GOAL := help
.PHONY: help venv demo demo-kvm test lint format wheel-test lab-packages bench soak soak-storage soak-cluster soak-collector docs constraints clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

venv: $(VENV)/.ready ## the virtual environment with every distribution in editable form

$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard src/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name it with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q -c constraints.txt uv
	@$(BIN)/uv pip install -q --compile-bytecode -c constraints.txt -b constraints.txt $(MEMBERS) -e . --group dev
	@# Nodes of the lab see the clone and cannot write to it.
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: $(VENV)/.ready ## the cookbook's service on four simulated nodes with HP-UX: no root, nothing outside the clone
	@$(BIN)/osvc demo

demo-kvm: $(VENV)/.ready lab-packages ## the same on a real libvirt with a real guest (root, Debian)
	@$(BIN)/osvc demo --kvm

# The shares of tests/tiers.py.
STORAGE := "storage"
KERNELS := "kernels and not storage"
CLUSTER := "cluster"
LAB := "lab and not kernels and not cluster"
KIT := "kit and not walks and not lab and not wheels"
SIMULATED := "simulated and not walks and not kit and not lab and not wheels"
WALKS := "walks and not lab and not wheels"
PURE := "not lab and not wheels and not simulated and not walks"

test: $(VENV)/.ready ## every tier that this machine can run; says which it cannot, and why
	@rm -rf .cache/test && mkdir -p .cache/test
	@# pytest compiles the tests once, and not each share all of them for itself.
	@for half in tests/opensvc_core/ "$(filter-out tests/opensvc_core/,$(wildcard tests/[a-z]*/))"; do \
		$(BIN)/python -m pytest --collect-only -qq $$half >/dev/null 2>&1 & done; wait
	@# The shares wait for different things. More of them at once than this would be no sooner at the end, and the
	@# machine so full that what has to answer in time does not.
	@share() { $(BIN)/python -m pytest -m "$$2" $(PYTEST_ARGS) >.cache/test/$$1.log 2>&1; \
		echo $$? >.cache/test/$$1.status; }; \
	{ share storage $(STORAGE); share kernels $(KERNELS); } & { share cluster $(CLUSTER); share kit $(KIT); } & \
	share lab $(LAB) & { share walks $(WALKS); share pure $(PURE); } & \
	$(BIN)/python -m pytest -m $(SIMULATED) $(PYTEST_ARGS); simulated=$$?; \
	wait; for each in pure walks kit lab cluster kernels storage; do cat .cache/test/$$each.log; done; \
	result=5; for status in $$simulated $$(cat .cache/test/*.status); do \
		case $$status in 0) [ $$result -ne 5 ] || result=0;; 5) ;; *) result=$$status;; esac; done; \
	exit $$result

wheel-test: $(VENV)/.ready ## builds every distribution, checks what is in it and installs it in empty environments
	@$(BIN)/python -m pytest -m wheels $(PYTEST_ARGS)

lint: $(VENV)/.ready ## ruff (with the docstring gate), formatting, mypy strict, import contracts
	@$(BIN)/ruff check $(CHECKED)
	@$(BIN)/ruff format --check $(CHECKED)
	@$(BIN)/mypy $(CHECKED)
	@$(BIN)/lint-imports

format: $(VENV)/.ready ## writes what `make lint` would ask of layout and imports
	@$(BIN)/ruff check --select I --fix $(CHECKED)
	@$(BIN)/ruff format $(CHECKED)

lab-packages: ## what the tests on real platforms need (root, Debian); quick when all is there
	@missing=$$(for each in $(LAB_PACKAGES); do \
		dpkg-query -W -f '$${Status}\n' $$each 2>/dev/null | grep -q '^install ok installed' || echo $$each; done); \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" != 0 ]; then echo "root is needed to install:" $$missing >&2; exit 1; fi; \
		apt-get -q update && DEBIAN_FRONTEND=noninteractive \
			apt-get install -q -y --no-install-recommends -o Dpkg::Lock::Timeout=300 $$missing; \
	fi

bench: $(VENV)/.ready ## the figures of benchmarks/README.md, as ratios within one run
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.ready ## the property tests and the lab many times over: OSVC_RUNS rounds (default 20)
	@OSVC_RUNS=$${OSVC_RUNS:-20} $(BIN)/python -m pytest -m "not wheels" $(PYTEST_ARGS)

soak-storage: $(VENV)/.ready ## two nodes and shared disks: races, kills, power cuts, migrations, OSVC_RUNS rounds (default 50; an hour)
	@OSVC_RUNS=$${OSVC_RUNS:-50} $(BIN)/python -m pytest tests/lab/uml -k "storage or migration" $(PYTEST_ARGS)

SOAK_CLUSTER := tests/lab/cluster/test_cluster_faults.py tests/lab/cluster/test_cluster_operators.py
soak-cluster: $(VENV)/.ready ## nodes that trust each other: faults at every step, two operators, OSVC_RUNS rounds (default 100)
	@OSVC_RUNS=$${OSVC_RUNS:-100} $(BIN)/python -m pytest $(SOAK_CLUSTER) $(PYTEST_ARGS)

soak-collector: $(VENV)/.ready ## actions reported while everything fails, OSVC_RUNS rounds (default 200; half an hour)
	@OSVC_RUNS=$${OSVC_RUNS:-200} $(BIN)/python -m pytest tests/collector -k rounds $(PYTEST_ARGS)

docs: $(VENV)/.ready ## the examples in README.md and docs/, run as tests
	@$(BIN)/python -m pytest tests/docs $(PYTEST_ARGS)

constraints: $(VENV)/.ready ## tested versions anew, for a change of dependencies
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/uv pip compile -q --no-annotate --no-header --group dev \
		$(wildcard src/*/pyproject.toml) pyproject.toml | grep '==' ; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## takes away all that was made here
	rm -rf $(VENV) .cache .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
