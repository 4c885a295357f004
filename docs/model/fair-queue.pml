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
#define NUMBERS (WAITERS + 2)   /* tickets are 1 .. : each arrival takes one number at most */
#define NONE 0

/* What of a process the properties speak about. */
#define OUTSIDE 0               /* no ticket, or one it has given up */
#define ARRIVING 1              /* its ticket exists */
#define WAITING 2               /* its ticket is flocked: from here on the order holds */

/* The disk. A ticket's inode is named by the process that made it. */
bool directory;
byte gate;                      /* the inode that has the name, or NONE */
byte counter[GATES];            /* content of a gate: the next number, 0 while it is empty */
byte ticket[NUMBERS];           /* the inode that has the name, or NONE */

/* The kernel. */
byte gateOwner[GATES];          /* flock(gate, EX) */
byte gateFd[SLOTS];             /* the gate that a process has open */
bool ticketFlocked[SLOTS];      /* flock(ticket, EX), by its owner: the others only probe it */
byte lockOwner;                 /* flock(lock file, EX) */

/* For the properties alone. */
byte stage[SLOTS];
byte number[SLOTS];
byte holders;
byte started, ended;
byte crashes;
byte doomed;                    /* the process that dies at its next step */
bool gateWasBusy;               /* somebody was refused the gate when it wanted to clear away */

/* An assertion is reported by its text; these names are what run.sh looks for. */
hidden byte oneHolder, firstComeFirstServed, unlinkedOnlyDead, numberIsFresh, numberAboveAllWaiting, nothingLeft;
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
  od;
  counter[found] = 0
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
    if :: lockOwner == me -> lockOwner = NONE :: else fi;
    if :: holding -> holders-- :: else fi;
    stage[me] = OUTSIDE; number[me] = 0;
    holding = false; n = 0; ahead = 0; inode = 0;
    doomed = NONE
  }
}

/* ---- The protocol ---- */

/* n = the counter; an empty gate counts on from the largest name. */
inline readCounter() {
  d_step {
#ifdef LARGEST_NAME
    n = 0;
#else
    n = counter[gateFd[me]];
#endif
    if :: n == 0 -> findLargest(n); n++ :: else fi
  }
}

inline writeCounter() { counter[gateFd[me]] = n + 1 }

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

/* The last one out. It opens the gate without O_CREAT, and leaves the directory behind where somebody else has it. */
inline removeDirectory() {
  atomic { d_step { findLargest(ahead) }; if :: ahead == 0 :: else -> goto out fi };
  atomic { gateFd[me] = gate; if :: gate != NONE :: else -> goto out fi };
#ifndef REMOVER_WITHOUT_GATE
  atomic {
    if
    :: gateOwner[gateFd[me]] == NONE -> gateOwner[gateFd[me]] = me
    :: else -> gateWasBusy = true; closeGate(); goto out
    fi
  };
  if :: gate == gateFd[me] :: else -> goto close fi;
  atomic { d_step { findLargest(ahead) }; if :: ahead == 0 :: else -> goto close fi };
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
  bool holding;

  {
    /* They are alike: so they start in the order of their names. */
    atomic { started == me - 1 && started - ended < INSIDE -> started++ };
#ifdef STEP_PAST
    if :: true :: true -> goto take fi;         /* no queue to be had: contends without a ticket */
#endif
arrive:
    mkdirQueue();
    atomic { openGate(); if :: gateFd[me] != NONE :: else -> goto arrive fi };
#ifndef NO_GATE
    flockGate();
#endif
#ifndef NO_RECHECK
    if :: gate == gateFd[me] :: else -> closeGate(); goto arrive fi;
#endif
    readCounter();
#ifndef COUNTER_AFTER_TICKET
    writeCounter();
#endif
    if
    :: atomic { directory -> createTicket() }
    :: else -> n = 0; closeGate(); goto arrive          /* ENOENT */
    fi;
#ifdef FLOCK_OUTSIDE_GATE
    closeGate();
    flockTicket();
#else
    flockTicket();
#ifdef COUNTER_AFTER_TICKET
    writeCounter();
#endif
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
#ifndef KEEP_DIRECTORY
    removeDirectory();
#endif
out:
    atomic { unlockLockFile(); ahead = 0 }
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

#ifdef NEWCOMER_PROBES
/* Somebody without a ticket who looks whether anybody waits, and tidies up. */
active proctype Newcomer() {
  byte me = NONE;
  byte ahead = NUMBERS, inode;
  do
  :: ahead > 0 ->
     openNextAhead();
     if :: inode != NONE && !ticketFlocked[inode] -> unlinkTicket(ahead) :: else fi
  :: else -> break
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
