"""The tests of OpenSVC: they mirror `src/`, with the lab, the wheels, the documentation and the workspace beside."""
