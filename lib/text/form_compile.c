/* SPDX-License-Identifier: MIT */
/*
 * form_compile.c - compiling the text of a form to its items: one for each
 * conversion, each other byte, and each opening bracket.
 */
#include "common.h"

#include "calendar.h"
#include "form.h"

/* A text on its way to items. */
struct form_compiler {
	struct bci_form *form;
	uint64_t seen; /* a bit for each conversion, by its letter */
	uint32_t open[BCI_FORM_ITEMS];
	uint32_t depth;
};

static bool
form_seen(const struct form_compiler *compiler, const char *letters)
{
	for (; *letters != '\0'; letters++)
		if ((compiler->seen >> (*letters - 'A') & 1) != 0)
			return true;
	return false;
}

static bool
form_add(struct form_compiler *compiler, char what, char value)
{
	struct bci_form *form = compiler->form;

	if (form->count == BCI_FORM_ITEMS)
		return false;
	form->items[form->count].what = what;
	form->items[form->count++].value = value;
	return true;
}

/* Add a conversion that no other one stands for. */
static bool
form_add_one(struct form_compiler *compiler, char letter)
{
	char same[] = { letter, '\0' };

	if (letter == 'h' || letter == 'B')
		same[0] = 'b';
	if (letter == 'e')
		same[0] = 'd';
	if (letter == 'A')
		same[0] = 'a';
	if (strchr("YymdbaHkIMSpfzj", same[0]) == NULL ||
	    form_seen(compiler, same))
		return false;
	compiler->seen |= UINT64_C(1) << (same[0] - 'A');
	return form_add(compiler, same[0], 0);
}

/* Add the conversion behind a '%', which may stand for several. */
static bool
form_add_conversion(struct form_compiler *compiler, char letter)
{
	static const struct {
		char letter;
		const char *parts;
	} composed[] = {
		{ 'F', "Y-m-d" },
		{ 'T', "H:M:S" },
		{ 'R', "H:M" },
		{ 'D', "m/d/y" },
	};

	if (letter == '%')
		return form_add(compiler, 0, '%');
	for (size_t i = 0; i < BCI_COUNT(composed); i++) {
		const char *at = composed[i].parts;

		if (composed[i].letter != letter)
			continue;
		while (at[1] != '\0') {
			if (!form_add_one(compiler, at[0]) ||
			    !form_add(compiler, 0, at[1]))
				return false;
			at += 2;
		}
		return form_add_one(compiler, *at);
	}
	return letter != '\0' && form_add_one(compiler, letter);
}

static bool
form_is_number(char what)
{
	return what != 0 && strchr("YymdHkIMSfj", what) != NULL;
}

/* Whether the items from 'i' on are "%H:%M:%S", of free widths. */
static bool
form_is_clock(const struct bci_form *form, uint32_t i)
{
	static const char whats[] = { 'H', 0, 'M', 0, 'S' };

	for (uint32_t j = 0; j < BCI_COUNT(whats); j++)
		if (i + j >= form->count ||
		    form->items[i + j].what != whats[j] ||
		    form->items[i + j].value != (whats[j] == 0 ? ':' : 0))
			return false;
	return true;
}

/*
 * Numbers that touch have fixed widths.  Of the hour that may lack its zeros
 * and the numbers that touch it, the first keeps how many they are; of a time
 * of day with colons, how many items it has.
 */
static void
form_fix_widths(struct bci_form *form)
{
	uint32_t last = form->count;

	for (uint32_t i = 0; i < form->count; i++) {
		char what = form->items[i].what;

		if (what == '[')
			continue;
		if (last < i && form_is_number(what) &&
		    form_is_number(form->items[last].what))
			form->items[last].value = form->items[i].value = 1;
		last = i;
	}
	for (uint32_t i = 0; i < form->count; i++) {
		if (form_is_clock(form, i))
			form->items[i].value = 5;
		if (form->items[i].what != 'k')
			continue;
		form->items[i].value = 1;
		if (i + 1 < form->count && form->items[i + 1].what == 'M')
			form->items[i].value = 2;
		if (i + 2 < form->count && form->items[i].value == 2 &&
		    form->items[i + 2].what == 'S')
			form->items[i].value = 3;
	}
}

/* How many leading items are the whole date and nothing else. */
static uint32_t
form_count_date(const struct bci_form *form)
{
	uint32_t count = 0, i = 0;

	for (; i < form->count; i++) {
		char what = form->items[i].what;

		if (what != 0 && strchr("Yymdbaj", what) == NULL)
			break;
		if (what != 0)
			count = i + 1;
	}
	for (; i < form->count; i++)
		if (form->items[i].what != 0 &&
		    strchr("Yymdbaj", form->items[i].what) != NULL)
			return 0;
	return count;
}

/* Whether the conversions of a text name a moment, and what they tell. */
static bool
form_finish(struct form_compiler *compiler)
{
	struct bci_form *form = compiler->form;

	form->kind = BCI_FORM_TEXT;
	form->dated = form_seen(compiler, "Yymdbaj");
	form->clocked = form_seen(compiler, "HkIMSpf");
	for (uint32_t i = 0; i < form->count; i++) {
		if (form->items[i].what == '[')
			i = (uint32_t)form->items[i].value - 1;
		else if (form->items[i].what == 'z')
			form->zoned = true;
	}
	if (form->dated && !form_seen(compiler, "Yy"))
		return false;
	if (form_seen(compiler, "d") && !form_seen(compiler, "mb"))
		return false;
	if (form->clocked && !form_seen(compiler, "HkI"))
		return false;
	if (form_seen(compiler, "I") && !form_seen(compiler, "p"))
		return false;
	form_fix_widths(form);
	form->date_count = form_count_date(form);
	return form->dated || form->clocked;
}

/* Forms that have a name of their own: numbers. */
static bool
form_named(const char *text, struct bci_form *out)
{
	static const struct {
		const char *name;
		enum bci_form_kind kind;
		int64_t unit_ns;
	} named[] = {
		{ "s", BCI_FORM_UNIX, BCI_SECOND_NS },
		{ "ms", BCI_FORM_UNIX, 1000000 },
		{ "us", BCI_FORM_UNIX, 1000 },
		{ "ns", BCI_FORM_UNIX, 1 },
		{ "unix", BCI_FORM_UNIX, 0 },
		{ "ms-of-day", BCI_FORM_OF_DAY, 1000000 },
	};

	for (size_t i = 0; i < BCI_COUNT(named); i++) {
		if (strcmp(text, named[i].name) != 0)
			continue;
		out->kind = named[i].kind;
		out->unit_ns = named[i].unit_ns;
		out->clocked = true;
		out->dated = out->zoned = out->kind == BCI_FORM_UNIX;
		return true;
	}
	return false;
}

/* Add what stands at 'at'; returns what follows, or NULL. */
static const char *
form_compile_one(struct form_compiler *compiler, const char *at)
{
	struct bci_form *form = compiler->form;
	bool good;

	if (*at == '%') {
		good = form_add_conversion(compiler, *++at);
	} else if (*at == '[') {
		good = form_add(compiler, '[', 0);
		if (good)
			compiler->open[compiler->depth++] = form->count - 1;
	} else if (*at == ']') {
		/* Never empty: what they begin with is looked at first. */
		good = compiler->depth > 0 &&
		       compiler->open[compiler->depth - 1] + 1 < form->count;
		if (good)
			form->items[compiler->open[--compiler->depth]].value =
				(char)form->count;
	} else {
		good = form_add(compiler, 0, *at);
	}
	return good ? at + 1 : NULL;
}

bool
bci_form_compile(const char *text, struct bci_form *out)
{
	struct form_compiler compiler = { .form = out };
	size_t bytes = strlen(text);
	const char *at = text;

	memset(out, 0, sizeof(*out));
	if (bytes >= sizeof(out->text))
		return false;
	memcpy(out->text, text, bytes + 1);
	if (form_named(text, out))
		return true;
	while (at != NULL && *at != '\0')
		at = form_compile_one(&compiler, at);
	if (at != NULL && compiler.depth == 0 && form_finish(&compiler))
		return true;
	out->kind = BCI_FORM_NONE;
	return false;
}
