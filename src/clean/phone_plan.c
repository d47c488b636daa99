/*
 * phone_plan.c
 *	  Is +1 and these ten digits a valid number? An automaton made from the
 *	  library's own numbering plans.
 *
 * libphonenumber holds, for each country of the North American plan, a regular
 * expression of the digits that its numbers begin with (all but the main country
 * have one), one that all its numbers match, and one for each type of number. A
 * number is valid when the first country in the library's order that claims it
 * (by the leading digits, or, without those, by a type) has a type for it.
 *
 * The expressions are read at first use and turned into one nondeterministic
 * automaton over digits; its deterministic form is built lazily, a state when a
 * number first reaches it. So the answer is the library's for every number, a
 * newer library brings its newer plans along, and a number costs ten table
 * look-ups. An expression that uses anything but what is known here (literals,
 * classes, groups, alternatives, counted repeats) switches the fast path off; so
 * does an answer that differs from the library's in a test of two hundred
 * numbers at the start.
 *
 * Memory: the automatons live as long as the process; some hundred kilobytes for
 * the numbers that occur in practice, MAX_STATES states at the most, after which
 * the library is asked.
 */
#include "clean/phone_plan.h"
#include "clean/phone_shim.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 10
#define ANY_DIGIT 0x3FF
#define MAX_REGIONS 64
#define MAX_REPEAT 32
#define MAX_NODES 1000000
#define MAX_STATES 200000
#define SET_MAX 4096

/* A node of the nondeterministic automaton. */
typedef struct Node
{
	uint16_t	digits;			/* which digits lead on to next; 0: none needed */
	int32_t		next;			/* -1: none */
	int32_t		other;			/* second way without a digit; -1: none */
	int16_t		region;			/* reached this: the region's part matches; -1: no end */
	int16_t		part;
} Node;

typedef struct Fragment
{
	int32_t		start;
	int32_t		end;
} Fragment;

/* A state of the deterministic automaton: a set of nodes. */
typedef struct State
{
	int32_t		next[DIGITS];	/* 0: not built yet */
	uint32_t	hash;
	int32_t		n;
	int32_t    *set;			/* sorted nodes that wait for a digit or are ends */
	bool		valid;
} State;

typedef struct Reader
{
	const char *at;
	bool		bad;
	int			depth;
} Reader;

static Node *nodes;
static int32_t n_nodes,
			cap_nodes;
static State *states;
static int32_t n_states,
			cap_states;
static int32_t *buckets;		/* hash table of states, open addressing; 0: free */
static int32_t n_buckets;
static int32_t *mark;			/* per node: the closure that saw it last */
static int32_t mark_now;
static bool has_leading[MAX_REGIONS];
static int	n_regions;
static int32_t roots[1024];
static int	n_roots;
static bool broken;
static bool ready;

static int32_t
new_node(uint16_t digits)
{
	if (n_nodes == cap_nodes)
	{
		int32_t		cap = cap_nodes ? cap_nodes * 2 : 4096;
		Node	   *more = cap > MAX_NODES ? NULL : realloc(nodes, (size_t) cap * sizeof(Node));

		if (more == NULL)
		{
			broken = true;
			return 0;
		}
		nodes = more;
		cap_nodes = cap;
	}
	nodes[n_nodes] = (Node) {.digits = digits, .next = -1, .other = -1, .region = -1, .part = -1};
	return n_nodes++;
}

static Fragment alternatives(Reader *r);

static int
number(Reader *r)
{
	int			n = 0;

	if (*r->at < '0' || *r->at > '9')
		r->bad = true;
	while (*r->at >= '0' && *r->at <= '9' && n <= MAX_REPEAT)
		n = n * 10 + (*r->at++ - '0');
	if (n > MAX_REPEAT)
		r->bad = true;
	return n;
}

static uint16_t
class(Reader *r)
{
	uint16_t	digits = 0;

	while (!r->bad && *r->at != ']')
	{
		char		low = *r->at++;
		char		high = low;

		if (low == '\\' && *r->at == 'd')
		{
			r->at++;
			digits |= ANY_DIGIT;
			continue;
		}
		if (*r->at == '-' && r->at[1] != ']')
		{
			high = r->at[1];
			r->at += high ? 2 : 1;
		}
		if (low < '0' || low > '9' || high < low || high > '9')
		{
			r->bad = true;
			return 0;
		}
		for (char c = low; c <= high; c++)
			digits |= 1 << (c - '0');
	}
	if (!r->bad)
		r->at++;
	return digits;
}

/* One atom without its quantifier. */
static Fragment
atom(Reader *r)
{
	Fragment	f = {0, 0};
	uint16_t	digits = 0;

	if (*r->at == '(')
	{
		r->at++;
		if (*r->at == '?')
		{
			if (r->at[1] != ':')
			{
				r->bad = true;
				return f;
			}
			r->at += 2;
		}
		if (++r->depth > 64)
		{
			r->bad = true;
			return f;
		}
		f = alternatives(r);
		r->depth--;
		if (*r->at != ')')
			r->bad = true;
		else
			r->at++;
		return f;
	}
	if (*r->at == '[')
	{
		r->at++;
		digits = class(r);
	}
	else if (*r->at == '\\' && r->at[1] == 'd')
	{
		r->at += 2;
		digits = ANY_DIGIT;
	}
	else if (*r->at >= '0' && *r->at <= '9')
		digits = 1 << (*r->at++ - '0');
	if (digits == 0)
	{
		r->bad = true;
		return f;
	}
	f.start = new_node(digits);
	f.end = new_node(0);
	nodes[f.start].next = f.end;
	return f;
}

static Fragment
nothing(void)
{
	int32_t		node = new_node(0);

	return (Fragment) {node, node};
}

/* An atom and its quantifier: copies are made by reading its text again. */
static Fragment
repeated(Reader *r)
{
	const char *start = r->at;
	const char *after;
	Fragment	whole = atom(r);
	int			low = 1;
	int			high = 1;
	int			depth = r->depth;

	if (r->bad || broken)
		return whole;
	if (*r->at == '?')
	{
		low = 0;
		r->at++;
	}
	else if (*r->at == '{')
	{
		r->at++;
		low = high = number(r);
		if (!r->bad && *r->at == ',')
		{
			r->at++;
			high = number(r);
		}
		if (r->bad || *r->at != '}' || high < low || high < 1)
		{
			r->bad = true;
			return whole;
		}
		r->at++;
	}
	if (*r->at == '?' || *r->at == '*' || *r->at == '+')
	{
		r->bad = true;
		return whole;
	}
	after = r->at;
	for (int copy = 1; copy <= high; copy++)
	{
		Fragment	f = whole;

		if (copy > 1)
		{
			Reader		again = {start, false, depth};

			f = atom(&again);
			r->bad |= again.bad;
		}
		if (r->bad || broken)
			return whole;
		if (copy > low)
		{
			/* this copy may be left out */
			int32_t		split = new_node(0);

			if (broken)
				return whole;
			nodes[split].next = f.start;
			nodes[split].other = f.end;
			f.start = split;
		}
		if (copy > 1)
		{
			nodes[whole.end].next = f.start;
			whole.end = f.end;
		}
		else
			whole = f;
	}
	r->at = after;
	return whole;
}

static Fragment
sequence(Reader *r)
{
	Fragment	whole = nothing();

	while (!r->bad && !broken && *r->at != '\0' && *r->at != '|' && *r->at != ')')
	{
		Fragment	f = repeated(r);

		if (r->bad || broken)
			break;
		nodes[whole.end].next = f.start;
		whole.end = f.end;
	}
	return whole;
}

static Fragment
alternatives(Reader *r)
{
	Fragment	whole = sequence(r);

	while (!r->bad && !broken && *r->at == '|')
	{
		Fragment	f;
		int32_t		split;
		int32_t		join;

		r->at++;
		f = sequence(r);
		split = new_node(0);
		join = new_node(0);
		if (broken)
			break;
		nodes[split].next = whole.start;
		nodes[split].other = f.start;
		nodes[whole.end].next = join;
		nodes[f.end].next = join;
		whole = (Fragment) {split, join};
	}
	return whole;
}

static void
add_pattern(void *arg, int region, CdpPlanPart part, const char *pattern)
{
	Reader		r = {pattern, false, 0};
	Fragment	f;

	if (broken || region >= MAX_REGIONS || n_roots == (int) (sizeof(roots) / sizeof(roots[0])))
	{
		broken = true;
		return;
	}
	f = alternatives(&r);
	if (r.bad || *r.at != '\0' || broken)
	{
		broken = true;
		return;
	}
	nodes[f.end].region = region;
	nodes[f.end].part = part;
	if (part == CDP_PLAN_LEADING)
	{
		/* a prefix: whatever follows, it has matched */
		int32_t		more = new_node(ANY_DIGIT);

		if (broken)
			return;
		nodes[f.end].next = more;
		nodes[more].next = f.end;
		has_leading[region] = true;
	}
	roots[n_roots++] = f.start;
	if (region >= n_regions)
		n_regions = region + 1;
}

/* Add a node and all that it reaches without a digit. */
static int
close_over(int32_t node, int32_t *set, int n)
{
	int32_t		stack[SET_MAX];
	int			top = 0;

	stack[top++] = node;
	while (top > 0)
	{
		const Node *it;

		node = stack[--top];
		if (node < 0 || mark[node] == mark_now)
			continue;
		mark[node] = mark_now;
		it = &nodes[node];
		if (it->digits != 0 || it->region >= 0)
		{
			if (n == SET_MAX)
				return -1;
			set[n++] = node;
		}
		if (it->digits == 0)
		{
			if (top + 2 > SET_MAX)
				return -1;
			stack[top++] = it->next;
			stack[top++] = it->other;
		}
	}
	return n;
}

static int
compare_nodes(const void *a, const void *b)
{
	int32_t		x = *(const int32_t *) a;
	int32_t		y = *(const int32_t *) b;

	return (x > y) - (x < y);
}

/* What the library says of a number that ends in this set of nodes. */
static bool
is_valid(const int32_t *set, int n)
{
	uint8_t		parts[MAX_REGIONS] = {0};

	for (int i = 0; i < n; i++)
		if (nodes[set[i]].region >= 0)
			parts[nodes[set[i]].region] |= 1 << nodes[set[i]].part;
	for (int region = 0; region < n_regions; region++)
	{
		bool		has_type = (parts[region] & (1 << CDP_PLAN_GENERAL)) && (parts[region] & (1 << CDP_PLAN_TYPE));

		if (has_leading[region])
		{
			if (parts[region] & (1 << CDP_PLAN_LEADING))
				return has_type;
		}
		else if (has_type)
			return true;
	}
	return false;
}

static bool
grow_buckets(void)
{
	int32_t		n = n_buckets ? n_buckets * 2 : 4096;
	int32_t    *more = calloc(n, sizeof(int32_t));

	if (more == NULL)
		return false;
	for (int32_t i = 1; i < n_states; i++)
	{
		uint32_t	at = states[i].hash & (n - 1);

		while (more[at] != 0)
			at = (at + 1) & (n - 1);
		more[at] = i;
	}
	free(buckets);
	buckets = more;
	n_buckets = n;
	return true;
}

/* The state for a set of nodes, 0 when there is no room for it. */
static int32_t
state_for(int32_t *set, int n)
{
	uint32_t	hash = 2166136261u;
	uint32_t	at;
	State	   *s;

	qsort(set, n, sizeof(int32_t), compare_nodes);
	for (int i = 0; i < n; i++)
		hash = (hash ^ (uint32_t) set[i]) * 16777619u;
	hash ^= hash >> 15;
	if (n_states * 2 >= n_buckets && !grow_buckets())
		return 0;
	at = hash & (n_buckets - 1);
	while (buckets[at] != 0)
	{
		s = &states[buckets[at]];
		if (s->hash == hash && s->n == n && memcmp(s->set, set, n * sizeof(int32_t)) == 0)
			return buckets[at];
		at = (at + 1) & (n_buckets - 1);
	}
	if (n_states >= MAX_STATES)
		return 0;
	if (n_states == cap_states)
	{
		int32_t		cap = cap_states ? cap_states * 2 : 1024;
		State	   *more = realloc(states, cap * sizeof(State));

		if (more == NULL)
			return 0;
		states = more;
		cap_states = cap;
	}
	s = &states[n_states];
	memset(s, 0, sizeof(*s));
	s->set = malloc((n ? n : 1) * sizeof(int32_t));
	if (s->set == NULL)
		return 0;
	memcpy(s->set, set, n * sizeof(int32_t));
	s->n = n;
	s->hash = hash;
	s->valid = is_valid(set, n);
	buckets[at] = n_states;
	return n_states++;
}

static int32_t
build_next(int32_t from, int digit)
{
	int32_t		set[SET_MAX];
	int			n = 0;
	int32_t		to;

	mark_now++;
	for (int i = 0; i < states[from].n && n >= 0; i++)
	{
		const Node *it = &nodes[states[from].set[i]];

		if (it->digits & (1 << digit))
			n = close_over(it->next, set, n);
	}
	if (n < 0)
		return 0;
	to = state_for(set, n);
	states[from].next[digit] = to;
	return to;
}

CdpPlanVerdict
cdp_phone_plan_judge(const char *ten_digits)
{
	int32_t		at = 1;

	if (!ready)
		return CDP_PLAN_UNSURE;
	for (int i = 0; i < 10; i++)
	{
		int			digit = ten_digits[i] - '0';
		int32_t		to = states[at].next[digit];

		if (to == 0)
		{
			to = build_next(at, digit);
			if (to == 0)
				return CDP_PLAN_UNSURE;
		}
		at = to;
	}
	return states[at].valid ? CDP_PLAN_VALID : CDP_PLAN_INVALID;
}

/* Compare with the library on a spread of numbers before relying on the automaton. */
static bool
agrees_with_library(void)
{
	uint32_t	seed = 20240229;

	for (int i = 0; i < 200; i++)
	{
		char		text[12] = "+1";
		char		out[CDP_PHONE_OUT_MAX];
		size_t		out_len;
		bool		valid;
		CdpPlanVerdict verdict;

		for (int k = 0; k < 10; k++)
		{
			seed = seed * 1664525u + 1013904223u;
			text[2 + k] = '0' + (seed >> 16) % 10;
		}
		if (text[2] < '2')
			text[2] += 2;
		if (i % 2 == 0 && text[5] < '2')
			text[5] += 2;
		valid = cdp_phone_shim_parse(text, 12, "US", out, &out_len) == CDP_PHONE_VALID;
		verdict = cdp_phone_plan_judge(text + 2);
		if (verdict == CDP_PLAN_UNSURE || (verdict == CDP_PLAN_VALID) != valid)
			return false;
	}
	return true;
}

/* Read the plans; false when there is no fast path. Done once per process. */
bool
cdp_phone_plan_start(void)
{
	static bool tried = false;
	int32_t		set[SET_MAX];
	int			n = 0;

	if (tried)
		return ready;
	tried = true;
	if (!cdp_phone_shim_north_america(add_pattern, NULL) || broken)
		return false;
	mark = calloc(n_nodes, sizeof(int32_t));
	if (mark == NULL)
		return false;
	n_states = 1;				/* state 0 means "not built" */
	states = calloc(1024, sizeof(State));
	cap_states = states ? 1024 : 0;
	if (states == NULL)
		return false;
	mark_now = 1;
	for (int i = 0; i < n_roots && n >= 0; i++)
		n = close_over(roots[i], set, n);
	if (n < 0 || state_for(set, n) != 1)
		return false;
	ready = true;
	ready = agrees_with_library();
	return ready;
}
