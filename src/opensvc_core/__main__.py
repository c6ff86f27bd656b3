"""Runs the `osvc` command as `python -m opensvc_core`, where no script is installed on PATH."""

from opensvc_core.cli import main

if __name__ == "__main__":
    main()
