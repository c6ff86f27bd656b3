"""Simulated platforms, checks and the demo of OpenSVC.

Import what is needed from the modules: this one stays empty, as every simulated executable imports it.
"""
