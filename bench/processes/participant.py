"""
The process of participant.mjs, with py-filelock: the same commands and answers, as far as comparisons need them.
It polls as its users have it: every 50 ms, the default.
"""

import json
import os
import queue
import signal
import sys
import threading
import time

from filelock import FileLock

now = time.monotonic_ns
commands = queue.Queue()


def say(**answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def read():
    for line in sys.stdin:
        commands.put(json.loads(line))
    os._exit(0)


def take(lock):
    say(asks=now())
    lock.acquire()
    at = now()
    say(at=at)


def give(lock, after):
    time.sleep(after / 1e3)
    at = now()
    lock.release()
    say(at=at)


def contend(lock, hold_ms, start, until):
    times = []
    time.sleep(max(0, (start - now()) / 1e9))
    asked = now()
    while asked < until:
        lock.acquire()
        entered = now()
        time.sleep(hold_ms / 1e3)
        times += [asked, entered, now()]
        lock.release()
        asked = now()
    say(times=times)


for each in signal.SIGINT, signal.SIGPIPE:
    signal.signal(each, signal.SIG_DFL)
threading.Thread(target=read, daemon=True).start()
say(ready=os.getpid())
lock = None
while True:
    command = commands.get()
    if command["do"] == "take":
        lock = lock or FileLock(command["lockFile"])
        take(lock)
    elif command["do"] == "give":
        give(lock, command["after"])
    elif command["do"] == "contend":
        contend(FileLock(command["lockFile"]), command["holdMs"], command["from"], command["until"])
