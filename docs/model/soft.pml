/*
 * The marker of SoftFileLock: processes that look, break, take, release, force and die. A step here is a system call
 * there, at the names that lead to markers. It knows what a marker says and who wrote it; it knows no clock, no hint and
 * no second host.
 *
 * A marker is the number of the process that it names: its text. Inode numbers are taken for used again at once, so that
 * only the holder, who keeps its own file open, can tell its marker from an earlier one with the same text: `fresh`.
 * Bounds:    -DCONTENDERS=<processes>  -DROUNDS=<holds of each>  -DCRASHES=<at most>  -DFORCERS=<0 or 1>
 * Variants:  the table in README.md; each is a define below, and each has to fail.
 */

#ifndef CONTENDERS
#define CONTENDERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FORCERS
#define FORCERS 0
#endif

#define SLOTS (CONTENDERS + FORCERS + 1)   /* processes are 1 .. ; the forcer is the last */
#define NONE 0
#define EMPTY SLOTS                        /* a marker without a text yet: whose, nobody can tell */

/* The disk: what has which name. */
byte marker;                    /* the lock file */
byte right[SLOTS + 1];          /* the right to remove a marker that names t, with its owner in it */
byte rightTo[SLOTS];            /* the right to remove right[t]; one whoever that names, which is more in each other's way */

/* The processes. */
bool dead[SLOTS + 1];
bool holds[SLOTS];              /* believes to hold */
bool broken[SLOTS];             /* was forced out: what it believes is its own affair */
bool fresh[SLOTS];              /* `marker` is the file that it has open */
byte crashes;
byte doomed;                    /* the process that dies at its next step */
byte ended;

hidden byte oneHolder, unlinkedWhatWasSeen, rightIsMine, nothingLeft;
hidden byte each, count;

inline checkHolders() {
  d_step {
    count = 0; each = 1;
    do
    :: each < SLOTS -> count = count + (holds[each] && !broken[each] && !dead[each]); each++
    :: else -> break
    od;
    oneHolder = (count <= 1);
    assert(oneHolder)
  }
}

/* unlink(marker), by one who saw `which` there: whatever has the name goes. */
inline unlinkMarker(which) {
  d_step {
    unlinkedWhatWasSeen = (marker == which);
    assert(unlinkedWhatWasSeen);
    if
    :: marker != NONE && marker < EMPTY ->
       if :: force -> broken[marker] = true :: else fi;
       fresh[marker] = false
    :: else
    fi;
    marker = NONE
  }
}

/* Gives up a right of mine. */
inline unlinkRight(which) {
  d_step { rightIsMine = (right[which] == me); assert(rightIsMine); right[which] = NONE }
}

/* The owner of right[which] is dead: it is removed by whoever owns the right to that. */
inline removeRight(which) {
#ifdef RIGHT_WITHOUT_RIGHT
  right[which] = NONE;
  owner = NONE
#else
  if
  :: atomic { rightTo[which] == NONE -> rightTo[which] = me }
     if
     :: right[which] == owner ->
        d_step { unlinkedWhatWasSeen = (right[which] == owner); assert(unlinkedWhatWasSeen); right[which] = NONE }
     :: right[which] != owner
     fi;
     atomic { rightTo[which] = NONE; owner = NONE }
  :: atomic { rightTo[which] != NONE -> owner = NONE; rightTo[which] == NONE || right[which] == NONE || dead[rightTo[which]] }
  fi
#endif
}

/* Removes the marker that was seen, should it be there still. `gone` where it is. */
inline removeMarker(which) {
  gone = false;
  do
#ifdef WITHOUT_RIGHT
  :: marker == which -> unlinkMarker(which); gone = true; break
  :: marker != which -> gone = true; break
#else
  :: atomic { right[which] == NONE -> right[which] = me }
#ifndef CHECK_BEFORE_RIGHT
     if
     :: marker == which -> unlinkMarker(which)
     :: else
     fi;
#else
     unlinkMarker(which);
#endif
     unlinkRight(which);
     gone = true;
     break
  :: atomic { right[which] != NONE -> owner = right[which] }
     if
     :: dead[owner] -> removeRight(which)
     :: else ->                                                  /* waits, and looks again */
        atomic { right[which] != owner || dead[owner] || marker != which; owner = NONE };
        if :: marker != which -> break :: else fi
     fi
#endif
  od
}

/* The holder's: its marker itself stands for the right, as far as it is still there. */
inline release() {
  holds[me] = false;
#ifdef BLIND_RELEASE
  if :: fresh[me] -> atomic { which = me }; unlinkMarker(me) :: else fi;
#else
  do
  :: !fresh[me] -> break
  :: fresh[me] ->
     if
     :: atomic { right[me] == NONE && marker != NONE -> right[me] = marker; owner = (fresh[me] -> me : EMPTY) }   /* link(marker, right) */
        if
        :: owner == me ->
           if :: fresh[me] -> unlinkMarker(me) :: else fi;
           unlinkRight(me);
           owner = NONE;
           break
        :: else -> right[me] = NONE; owner = NONE; break         /* another's marker: mine was broken */
        fi
     :: right[me] == NONE && marker == NONE -> break             /* ENOENT */
     :: atomic { right[me] != NONE -> owner = right[me] }
        if
        :: dead[owner] -> removeRight(me)
#ifdef RELEASE_RETURNS
        :: else -> owner = NONE; break
#else
        :: else -> atomic { right[me] != owner || dead[owner] || !fresh[me]; owner = NONE }
#endif
        fi
     fi
  od;
#endif
  atomic { broken[me] = false; fresh[me] = false }
}

inline die() {
  d_step { dead[me] = true; holds[me] = false; fresh[me] = false; owner = NONE; seen = NONE; gone = false; round = 0; doomed = NONE }
}

proctype Contender(byte me) {
  byte seen, owner, round;
  byte litter;
  byte which;
  bool gone;
  bool force = false;
  {
    do
    :: round == ROUNDS -> break
    :: atomic { round < ROUNDS ->                                /* clears away: a right whose owner is dead, at any time */
         litter = 1;
         do :: litter < SLOTS - 1 -> litter++ :: break od;
         if :: right[litter] != NONE && dead[right[litter]] -> owner = right[litter] :: else -> litter = NONE fi
       }
       if :: litter != NONE -> removeRight(litter); litter = NONE :: else fi
    :: round < ROUNDS ->
       atomic { seen = marker };
       if
       :: seen == NONE ->
#ifdef NO_LINKS
          if
          :: atomic { marker == NONE -> marker = EMPTY }
             marker = me;                                        /* open(O_EXCL), and then the text */
             atomic { fresh[me] = true; holds[me] = true; checkHolders() }
          :: atomic { marker != NONE -> goto next }
          fi;
#else
          if
          :: atomic { marker == NONE -> marker = me; fresh[me] = true; holds[me] = true; checkHolders() }
          :: atomic { marker != NONE -> goto next }
          fi;
#endif
          checkHolders();
          release();
          round++
#ifdef BREAK_EMPTY
       :: seen != NONE && (seen == EMPTY || dead[seen]) -> removeMarker(seen)
#else
       :: seen != NONE && seen != EMPTY && dead[seen] -> removeMarker(seen)
#endif
       :: else -> marker != seen || dead[seen]                   /* held: waits */
       fi;
next:  seen = NONE
    od
  } unless { doomed == me -> die() };
  ended++
}

#if FORCERS > 0
/* breakLock(): whoever it is. */
proctype Forcer(byte me) {
  byte seen, owner, round;
  bool gone;
  bool force = true;
  {
    atomic { seen = marker };
    if
    :: seen != NONE -> removeMarker(seen)
    :: else
    fi
  } unless { doomed == me -> die() };
  ended++
}
#endif

#if CRASHES > 0
active proctype Killer() {
  byte victim;
  do
  :: atomic { crashes < CRASHES && doomed == NONE && ended < SLOTS - 1 ->
       victim = 1;
       do :: victim < SLOTS - 1 -> victim++ :: break od;
       if :: dead[victim] -> skip :: else -> doomed = victim; crashes++ fi;
       victim = 0
     }
  :: break
  od
}
#endif

init {
  byte next = 1;
  atomic {
    do
    :: next <= CONTENDERS -> run Contender(next); next++
    :: else -> break
    od;
#if FORCERS > 0
    run Forcer(next);
#endif
    next = 0
  };
  ended == SLOTS - 1;
  d_step {
    nothingLeft = (marker == NONE || dead[marker]);
    each = 1;
    do
    :: each < SLOTS ->
       /* A right that nobody will ask for again is litter: its marker was that of a dead process, and is gone. */
       nothingLeft = nothingLeft && (right[each] == NONE || dead[right[each]] || (dead[each] && marker != each));
       each++
    :: else -> break
    od;
    assert(nothingLeft)
  }
}
