"""
Runs a program of test/peers on a Twisted that knows other dialects than its own two.

    python3 with_dialects.py NAME,NAME... PROGRAM [ARGUMENT...]

The names are the ones that it offers as a server, in that order, and knows as a client. It
speaks every one that is not 'pb' as it speaks 'none'.
"""
import os
import runpy
import sys

from twisted.spread import banana

banana.Banana.knownDialects = [name.encode("ascii") for name in sys.argv[1].split(",")]
sys.argv = sys.argv[2:]
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
runpy.run_path(sys.argv[0], run_name="__main__")
