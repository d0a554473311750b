/* SPDX-License-Identifier: MIT */
/*
 * screen.c - drawing on a terminal with the escape sequences that all have in
 * common (ECMA-48, and the alternate screen of xterm).
 *
 * A picture is gathered first and written at once, each line with the erasing
 * of its rest, so that nothing flickers and nothing of the last picture stays.
 */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* alternate screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define ERASE_BELOW "\033[J"
#define ERASE_RIGHT "\033[K"
#define BRIGHT "\033[1m"
#define PLAIN "\033[0m"

static struct termios screen_before;
static volatile sig_atomic_t screen_on, screen_over;

static void
screen_write(const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t wrote = write(STDOUT_FILENO, text, bytes);

		if (wrote < 0 && errno != EINTR)
			return;
		if (wrote > 0) {
			text += wrote;
			bytes -= (size_t)wrote;
		}
	}
}

static void
screen_on_end(int number)
{
	(void)number;
	screen_over = 1;
}

static void
screen_on_resize(int number)
{
	(void)number; /* That poll() is interrupted is all there is to do. */
}

static void
screen_handle(int number, void (*function)(int))
{
	struct sigaction action = { .sa_handler = function };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

bool
screen_begin(struct screen *screen)
{
	struct termios raw;

	*screen = (struct screen){ .text = NULL };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &screen_before) != 0)
		return false;
	raw = screen_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	screen_handle(SIGINT, screen_on_end);
	screen_handle(SIGTERM, screen_on_end);
	screen_handle(SIGHUP, screen_on_end);
	screen_handle(SIGWINCH, screen_on_resize);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
		return false;
	screen_on = 1;
	screen_write(ENTER, strlen(ENTER));
	return true;
}

void
screen_end(struct screen *screen)
{
	if (screen_on) {
		screen_on = 0;
		screen_write(LEAVE, strlen(LEAVE));
		tcsetattr(STDIN_FILENO, TCSANOW, &screen_before);
	}
	free(screen->text);
	screen->text = NULL;
}

/* Append to the picture; without memory the rest of it is missing. */
static void
screen_add(struct screen *screen, const char *text, size_t bytes)
{
	if (screen->used + bytes > screen->room) {
		size_t room = 2 * (screen->used + bytes);
		char *grown = realloc(screen->text, room);

		if (grown == NULL)
			return;
		screen->text = grown;
		screen->room = room;
	}
	memcpy(screen->text + screen->used, text, bytes);
	screen->used += bytes;
}

void
screen_clear(struct screen *screen)
{
	struct winsize size;

	screen->rows = 24;
	screen->columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0) {
		screen->rows = size.ws_row;
		screen->columns = size.ws_col < SCREEN_COLUMNS_MAX
		                          ? size.ws_col
		                          : SCREEN_COLUMNS_MAX;
	}
	screen->row = 0;
	screen->used = 0;
	screen_add(screen, HOME, strlen(HOME));
}

/* Bytes of the first 'columns' characters of UTF-8 text. */
static size_t
screen_cut(const char *text, int columns)
{
	size_t at = 0;

	while (text[at] != '\0') {
		if (((unsigned char)text[at] & 0xc0) != 0x80 && columns-- == 0)
			break;
		++at;
	}
	return at;
}

static void
screen_draw(struct screen *screen, bool bright, const char *format,
            va_list values)
{
	char text[4 * SCREEN_COLUMNS_MAX];
	char *at;

	if (screen->row >= screen->rows)
		return;
	vsnprintf(text, sizeof(text), format, values);
	for (at = text; *at != '\0'; ++at)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	if (screen->row > 0)
		screen_add(screen, "\r\n", 2);
	if (bright)
		screen_add(screen, BRIGHT, strlen(BRIGHT));
	screen_add(screen, text, screen_cut(text, screen->columns));
	if (bright)
		screen_add(screen, PLAIN, strlen(PLAIN));
	/* In the last column, erasing would take the last character. */
	if (screen_cut(text, screen->columns) == strlen(text) &&
	    screen_cut(text, screen->columns - 1) == strlen(text))
		screen_add(screen, ERASE_RIGHT, strlen(ERASE_RIGHT));
	screen->row++;
}

void
screen_line(struct screen *screen, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	screen_draw(screen, false, format, values);
	va_end(values);
}

void
screen_bright(struct screen *screen, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	screen_draw(screen, true, format, values);
	va_end(values);
}

int
screen_left(const struct screen *screen)
{
	return screen->rows - screen->row;
}

void
screen_show(struct screen *screen)
{
	if (screen->row < screen->rows)
		screen_add(screen, ERASE_BELOW, strlen(ERASE_BELOW));
	screen_write(screen->text, screen->used);
	screen->used = 0;
}

int
screen_key(int ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned char key;
	int ready;

	if (screen_over)
		return SCREEN_OVER;
	ready = poll(&input, 1, ms);
	if (screen_over)
		return SCREEN_OVER;
	if (ready <= 0)
		return 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : SCREEN_OVER;
}
