/*
 * The queue of `order: "fifo"`: processes that arrive, wait, give up, die, take the lock, and clear the directory away.
 * A step here is a system call there. It knows paths, inodes and flocks; it knows no clock, no hint and no Node.
 *
 * Each process comes once. One that comes again is one more that starts late, so WAITERS counts arrivals.
 * Bounds:    -DWAITERS=<arrivals>  -DINSIDE=<of them at a time>  -DCRASHES=<at most>
 * Variants:  the table in README.md; each is a define below, and each has to fail.
 */

#ifndef WAITERS
#define WAITERS 3
#endif
#ifndef INSIDE
#define INSIDE WAITERS
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

#define SLOTS (WAITERS + 1)     /* processes are 1 .. WAITERS */
#define GATES (WAITERS + 2)     /* inodes are 1 .. : the one that has the name, and one that each process has open */
#define NUMBERS (WAITERS + 1)   /* tickets are 1 .. : each that is there has one, and the next is one more */
#define NONE 0

/* What of a process the properties speak about. */
#define OUTSIDE 0               /* no ticket, or one it has given up */
#define ARRIVING 1              /* its ticket exists */
#define WAITING 2               /* its ticket is flocked: from here on the order holds */

/* The disk. A ticket's inode is named by the process that made it. */
bool directory;
byte gate;                      /* the inode that has the name, or NONE */
byte ticket[NUMBERS];           /* the inode that has the name, or NONE */

/* The kernel. */
byte gateOwner[GATES];          /* flock(gate, EX) */
byte gateFd[SLOTS];             /* the gate that a process has open */
bool ticketFlocked[SLOTS];      /* flock(ticket, EX), by its owner */
byte probedBy[SLOTS];           /* flock(ticket, SH), by those on their way out: a bit each */
byte lockOwner;                 /* flock(lock file, EX) */

/* For the properties alone. */
byte stage[SLOTS];
byte number[SLOTS];
byte holders;
byte started, ended;
byte crashes;
byte doomed;                    /* the process that dies at its next step */
bool gateWasBusy;               /* somebody was refused the gate when it wanted to clear away */
byte alone;                     /* who is on its way out, if nobody else has been there since it gave up its ticket */

/* An assertion is reported by its text; these names are what run.sh looks for. */
hidden byte oneHolder, firstComeFirstServed, unlinkedOnlyDead, numberIsFresh, numberAboveAllWaiting, nothingLeft, goneWithTheLast;
hidden byte other, found;      /* of use within one d_step: what is hidden is no part of a state */

/* ---- The disk and the kernel, one call each ---- */

inline mkdirQueue() { directory = true }

/* open(gate, O_CREAT): ENOENT where the directory went away meanwhile. */
inline openGate() {
  d_step {
    if
    :: !directory -> gateFd[me] = NONE
    :: directory && gate != NONE -> gateFd[me] = gate
    :: directory && gate == NONE -> newInode(); gate = found; gateFd[me] = found
    fi
  }
}

/* The first inode that has neither the name nor somebody who has it open: an old one is used again, and empty. */
inline newInode() {
  found = 0;
  do
  :: found++;
     other = 1;
     do
     :: other < SLOTS && gateFd[other] != found -> other++
     :: else -> break
     od;
     if :: other == SLOTS -> break :: else fi
  od
}

inline flockGate() { atomic { gateOwner[gateFd[me]] == NONE -> gateOwner[gateFd[me]] = me } }

inline closeGate() {
  d_step {
    if :: gateOwner[gateFd[me]] == me -> gateOwner[gateFd[me]] = NONE :: else fi;
    gateFd[me] = NONE
  }
}

/* readdir. One step, for whoever has the gate sees tickets only go: a slower look would find what this one finds. */
inline findLargest(result) {
  result = NUMBERS - 1;
  do
  :: result > 0 && ticket[result] == NONE -> result--
  :: else -> break
  od
}

inline flockTicket() { d_step { ticketFlocked[me] = true; stage[me] = WAITING; ahead = n } }

/*
 * open() of a ticket and flock(SH|NB), which is had where its owner has no flock: a lock of its own, until it is closed.
 * Two calls as one: a ticket that loses its name between them is one that was probed before that.
 */
inline probeTicket(which) {
  inode = ticket[which];
  if
  :: inode != NONE && !ticketFlocked[inode] -> probedBy[inode] = probedBy[inode] | (1 << me)
  :: else
  fi
}

inline closeProbe() { d_step { probedBy[inode] = probedBy[inode] & ~(1 << me); inode = NONE } }

/* unlink(ticket) as path: whatever has that name goes. */
inline unlinkTicket(which) {
  d_step {
    if
    :: ticket[which] != NONE ->
       unlinkedOnlyDead = (ticket[which] == me || stage[ticket[which]] == OUTSIDE);
       assert(unlinkedOnlyDead);
       ticket[which] = NONE
    :: else
    fi
  }
}

/* rmdir: ENOTEMPTY where there is a new gate or a ticket. */
inline rmdirQueue() {
  d_step {
    findLargest(other);
    if :: gate == NONE && other == 0 -> directory = false :: else fi
  }
}

/* What the kernel frees when a process ends: a ticket's name stays. */
inline die() {
  d_step {
    if :: gateFd[me] != NONE && gateOwner[gateFd[me]] == me -> gateOwner[gateFd[me]] = NONE :: else fi;
    gateFd[me] = NONE;
    ticketFlocked[me] = false;
    probedBy[inode] = probedBy[inode] & ~(1 << me);
    if :: alone == me -> alone = NONE :: else fi;
    if :: lockOwner == me -> lockOwner = NONE :: else fi;
    if :: holding -> holders-- :: else fi;
    stage[me] = OUTSIDE; number[me] = 0;
    holding = false; n = 0; ahead = 0; inode = 0; list = 0;
    doomed = NONE
  }
}

/* ---- The protocol ---- */

/* n = the largest name plus one, the names of dead tickets too. */
inline readNumber() {
  d_step {
#ifdef LOWEST_FREE
    n = 1;
    do :: ticket[n] != NONE -> n++ :: else -> break od
#else
    findLargest(n);
#ifdef DEAD_NOT_COUNTED
    do :: n > 0 && (ticket[n] == NONE || !ticketFlocked[ticket[n]]) -> n-- :: else -> break od;
#endif
    n++
#endif
  }
}

/* open(ticket, O_CREAT|O_EXCL) */
inline createTicket() {
  d_step {
    numberIsFresh = (n < NUMBERS && ticket[n] == NONE);
    assert(numberIsFresh);
    numberAboveAllWaiting = true;
    other = 1;
    do
    :: other < SLOTS ->
       if :: other != me && stage[other] != OUTSIDE && number[other] >= n -> numberAboveAllWaiting = false :: else fi;
       other++
    :: else -> break
    od;
    assert(numberAboveAllWaiting);
    ticket[n] = me; number[me] = n; stage[me] = ARRIVING
  }
}

/* The next lower name, and open() of it. One step loses nothing: no name comes below mine (numberAboveAllWaiting). */
inline openNextAhead() {
  d_step {
    ahead--;
    do
    :: ahead > 0 && ticket[ahead] == NONE -> ahead--
    :: else -> break
    od;
    inode = (ahead > 0 -> ticket[ahead] : NONE)
  }
}

/* flock(lock file, EX|NB), polled: refused until it is free. */
inline flockLockFile() {
  atomic {
#ifndef QUEUE_IS_THE_LOCK
    lockOwner == NONE -> lockOwner = me;
#endif
    d_step {
      holding = true; holders++;
      oneHolder = (holders == 1);
      assert(oneHolder);
#ifndef STEP_PAST
      firstComeFirstServed = true;
      other = 1;
      do
      :: other < SLOTS ->
         if :: stage[other] == WAITING && number[other] < number[me] -> firstComeFirstServed = false :: else fi;
         other++
      :: else -> break
      od;
      assert(firstComeFirstServed);
#endif
      stage[me] = OUTSIDE
    }
  }
}

inline unlockLockFile() {
  if :: holding -> holding = false; holders-- :: else fi;
  if :: lockOwner == me -> lockOwner = NONE :: else fi
}

/*
 * Asleep until an event or a poll, or given up. Who gives up has chosen so beforehand: one that has not, and whose
 * turn never comes, is then a deadlock that the verifier sees.
 */
inline sleepUntil(changed) {
  if
  :: true -> atomic { changed -> ahead = n }
  :: true -> goto leave
#ifdef STEP_PAST
  :: true
#endif
  fi
}

/* While it is flocked nobody else unlinks it: the name is mine. The touch that follows is a hint, and not here. */
inline leaveTicket() {
  stage[me] = OUTSIDE;
#ifdef UNLINK_AFTER_UNLOCK
  ticketFlocked[me] = false;
  if :: ticket[n] == me -> unlinkTicket(n) :: else fi;
#else
  unlinkTicket(n);
  ticketFlocked[me] = false;
#endif
  d_step { number[me] = 0; n = 0; ahead = 0; inode = 0 }
}

/* Its flock was refused. What has lost its name is nobody's any more, also for those who have it open. */
inline dropTicket() {
  unlinkTicket(n);
  d_step { probedBy[me] = 0; stage[me] = OUTSIDE; number[me] = 0; n = 0 }
}

/* readdir, and which number is looked at next: the listing is as old as it is. */
inline listTickets() {
  d_step {
    ahead = 1; list = 0;
    do
    :: ahead < NUMBERS -> list = list | ((ticket[ahead] != NONE) << ahead); ahead++
    :: else -> ahead = 0; break
    od
  }
}

/* By one that has no ticket, and not the gate: it may see tickets that are not flocked yet, and so removes none. */
inline lookForTheLiving() {
  listTickets();
  do
  :: atomic { list != 0 ->
       do :: !(list & (1 << ahead)) -> ahead++ :: else -> break od;
       list = list & ~(1 << ahead);
       probeTicket(ahead);
       if
       :: inode != NONE && ticketFlocked[inode] -> goto out      /* which clears away in its turn */
       :: else
       fi
     }
     if
     :: inode != NONE ->
#ifdef LEAVER_UNLINKS
        unlinkTicket(ahead);
#endif
        closeProbe()
     :: else
     fi
  :: list == 0 -> break
  od
}

/* The last one out. It opens the gate without O_CREAT, and leaves the directory behind where somebody else has it. */
inline removeDirectory() {
  lookForTheLiving();
  atomic { gateFd[me] = gate; ahead = NUMBERS; if :: gate != NONE :: else -> goto out fi };
#ifndef REMOVER_WITHOUT_GATE
  atomic {
    if
    :: gateOwner[gateFd[me]] == NONE -> gateOwner[gateFd[me]] = me
    :: else -> gateWasBusy = true; closeGate(); goto out
    fi
  };
  if :: gate == gateFd[me] :: else -> goto close fi;
#ifndef NO_SECOND_LOOK
  do
  :: atomic {
       openNextAhead();
       if
       :: inode == NONE -> break
       :: inode != NONE && ticketFlocked[inode] -> goto close
       :: else
       fi
     }
#ifdef DEAD_ARE_LEFT
     goto close
#else
     unlinkTicket(ahead)
#endif
  od;
#endif
#endif
  gate = NONE;
  rmdirQueue();
close:
  closeGate()
}

proctype Waiter(byte me) {
  byte n;          /* my number */
  byte ahead;      /* the number that the scan has come to */
  byte inode;      /* what that name led to when it was opened */
  byte list;       /* the numbers that are still to be looked at, a bit each */
  bool holding;

  {
    /* They are alike: so they start in the order of their names. */
    atomic { started == me - 1 && started - ended < INSIDE -> started++; alone = NONE };
#ifdef STEP_PAST
    if :: true :: true -> goto take fi;         /* no queue to be had: contends without a ticket */
#endif
arrive:
    mkdirQueue();
    atomic { openGate(); if :: gateFd[me] != NONE :: else -> goto arrive fi };
#ifndef NO_GATE
    if
    :: flockGate()
    :: true ->                                          /* gives up before it has a ticket */
       closeGate();
#ifdef LEAVES_WITHOUT_LOOK
       goto out
#else
       goto clear
#endif
    fi;
#endif
#ifndef NO_RECHECK
    if :: gate == gateFd[me] :: else -> closeGate(); goto arrive fi;
#endif
    readNumber();
    if
    :: atomic { directory -> createTicket() }
    :: else -> n = 0; closeGate(); goto arrive          /* ENOENT */
    fi;
#ifdef FLOCK_OUTSIDE_GATE
    closeGate();
    flockTicket();
#else
    if
    :: atomic { probedBy[me] == 0 -> flockTicket() }
    :: atomic { probedBy[me] != 0 ->
#ifdef REFUSAL_IGNORED
         stage[me] = WAITING; ahead = n
       }
#else
         skip
       }
       dropTicket(); closeGate(); goto arrive
#endif
    fi;
    closeGate();
#endif

scan:
    atomic { openNextAhead(); if :: inode != NONE :: else -> goto take fi };
#ifdef SLEEP_ON_NAME
    sleepUntil(ticket[ahead] != inode);
#else
    if
    :: ticketFlocked[inode] ->
       sleepUntil(!ticketFlocked[inode]);
#ifdef NO_RESCAN
       goto take
#endif
    :: !ticketFlocked[inode] -> unlinkTicket(ahead)     /* its owner died */
    fi;
#endif
    goto scan;

take:
    if
    :: true -> flockLockFile()
    :: true                                             /* gives up */
    fi;

leave:
#ifdef QUEUE_IS_THE_LOCK
    atomic { unlockLockFile() };
#endif
    leaveTicket();
clear:
    atomic { n = 0; if :: started - ended == 1 -> alone = me :: else fi };
#ifndef KEEP_DIRECTORY
    removeDirectory();
#endif
out:
    atomic {
      unlockLockFile();
      ahead = 0; inode = NONE; list = 0;
#if !defined(KEEP_DIRECTORY) && !defined(REMOVER_WITHOUT_GATE)
      d_step {
        findLargest(other);
        goneWithTheLast = (alone != me || (gate == NONE && other == 0));
        assert(goneWithTheLast)
      };
#endif
      alone = NONE
    }
  } unless { doomed == me -> die() };
  ended++
}

#if CRASHES > 0
active proctype Killer() {
  byte victim;
  do
  :: atomic { crashes < CRASHES && doomed == NONE && started > ended ->
       victim = 1;
       do :: victim < started -> victim++ :: break od;
       doomed = victim; crashes++; victim = 0
     }
  :: break
  od
}
#endif

init {
  byte each = 1;
  atomic { do :: each <= WAITERS -> run Waiter(each); each++ :: else -> each = 0; break od };
  ended == WAITERS;
  d_step {
    nothingLeft = (!directory || crashes > 0
#ifndef DIRECTORY_ALWAYS_GONE
      || gateWasBusy
#endif
    );
#if !defined(KEEP_DIRECTORY) && !defined(REMOVER_WITHOUT_GATE)
    assert(nothingLeft)
#endif
  }
}
