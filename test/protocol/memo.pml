/* SPDX-License-Identifier: MIT */
/*
 * memo.pml - records that are read again without a transaction.
 *
 * What is modelled: a catalogue whose commits write changed pages to pages that
 * no snapshot needs any more, before its root says so; a reader that has learnt
 * in a transaction where a record lies, and copies key and record from there
 * later, one after the other.  It looks at the number of the newest commit
 * before and behind that.  Two pages are the worst case: each commit writes the
 * one that the commit before has left.
 *
 * What must hold: what is taken for an answer is all of one commit, no older
 * than the newest when the reader began.
 *
 * Broken twins: LOOK_BEFORE does not look behind the copy, OLD_ITEMS takes what
 * was learnt of one commit for something of the newest, EARLY_PAGES lets a
 * commit write what it is to leave itself.
 */
#define COMMITS 4
#define READS 3

byte key[2], record[2]; /* of a page: the commit that wrote them */
byte root;              /* the page that the newest commit's root names */
byte commit;

active proctype writer()
{
	do
	:: commit == COMMITS -> break
	:: else ->
		/* What the commit before last used is free. */
		key[1 - root] = commit + 1;
		record[1 - root] = commit + 1;
#ifdef EARLY_PAGES
		key[root] = commit + 1;
#endif
		atomic { root = 1 - root; commit++ }
	od
}

active proctype reader()
{
	byte place, learnt, got_key, got_record, begun, reads;
	bool trusted;

	do
	:: reads == READS -> break
	:: else ->
		/* A lookup: LMDB keeps its snapshot's pages from writers. */
		atomic { place = root; learnt = commit };
again:
		reads++;
		begun = commit;
#ifdef OLD_ITEMS
		learnt = commit;
#endif
		if
		:: learnt == commit ->
			got_key = key[place];
			got_record = record[place];
			trusted = true
		:: else -> trusted = false
		fi;
#ifndef LOOK_BEFORE
		trusted = trusted && learnt == commit;
#endif
		assert(!trusted || got_key == learnt);
		assert(!trusted || got_record == learnt);
		assert(!trusted || learnt >= begun);
		if
		:: reads < READS -> goto again
		:: true
		fi
	od
}
