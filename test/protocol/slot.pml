/* SPDX-License-Identifier: MIT */
/*
 * slot.pml - slots of the ledger that are used again.
 *
 * What is modelled: a slot whose segment goes with a commit that may fail or be
 * cut short by the writer's death, and then is the slot of another segment;
 * readers that stamp it and mark it bad by the id they looked up before.
 *
 * What must hold: a segment is never bad because another one was, a commit that
 * fails leaves what a slot says, and no slot has two segments.
 *
 * Broken twins: MARK_BLINDLY stores the bad bit without comparing the id,
 * CLEAR_EARLY clears a slot before the commit.
 */
#define SEGMENTS 3 /* ids 1.. ; 0: none */
#define DEATHS   1

byte owner[2];      /* segment of each slot, as committed in the catalogue */
byte word[2];       /* id in the ledger's slot */
bool bad[2];        /* and its bad bit */
bool damaged[SEGMENTS + 1];
byte deaths;
bool lock;

inline mark(s, id)
{
#ifdef MARK_BLINDLY
	bad[s] = true;
#else
	atomic { /* compare and exchange of id and bit together */
		if
		:: word[s] == id -> bad[s] = true
		:: else
		fi
	}
#endif
}

proctype reader()
{
	byte s, id;

	/* A lookup: slot and id are from one snapshot of the catalogue. */
	atomic {
		if
		:: s = 0
		:: s = 1
		fi;
		id = owner[s]
	};
	if
	:: id != 0 && damaged[id] -> mark(s, id)
	:: else
	fi
}

/* Replace the segment of slot 0 by the next one, in slot 0 or 1. */
proctype writer(byte next)
{
	byte old, s;

	atomic { !lock -> lock = true };
	old = owner[0];
	s = 0;
	if
	:: owner[0] == 0 && owner[1] != 0 -> old = owner[1]; s = 1
	:: else
	fi;
#ifdef CLEAR_EARLY
	if
	:: old != 0 -> word[s] = 0; bad[s] = false
	:: else
	fi;
#endif
	if
	:: deaths < DEATHS -> deaths++; lock = false; goto dead
	:: true
	fi;
	/* The commit: the old one's slot is free, the new one has the other. */
	word[1 - s] = next;
	bad[1 - s] = false;
	if
	:: deaths < DEATHS -> deaths++; lock = false; goto dead
	:: true
	fi;
	atomic { owner[s] = 0; owner[1 - s] = next };
	if
	:: deaths < DEATHS -> deaths++; lock = false; goto dead
	:: true
	fi;
#ifndef CLEAR_EARLY
	word[s] = 0;
	bad[s] = false;
#endif
	lock = false;
dead:
	skip
}

/* What is committed can be read, and is bad only if it is damaged. */
active proctype observer()
{
	byte s;

	do
	:: s = 0;
	   atomic {
		assert(!(owner[0] != 0 && owner[0] == owner[1]));
		do
		:: s < 2 ->
			/* A mark counts only with the id of the owner. */
			assert(!(bad[s] && owner[s] != 0 &&
			         word[s] == owner[s] && !damaged[owner[s]]));
			/* What was known of a live one is still known. */
			assert(!(owner[s] != 0 && word[s] == 0));
			s++
		:: else -> break
		od
	   }
	:: break
	od
}

init {
	atomic {
		owner[0] = 1; word[0] = 1;
		damaged[1] = true;
		run reader(); run reader();
		run writer(2); run writer(3)
	}
}
