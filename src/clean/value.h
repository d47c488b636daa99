/*
 * value.h
 *	  The cores of the clean room: bytes in, cleaned bytes or a reason out.
 *
 * Nothing here knows PostgreSQL, so that the same cores run in the server, in
 * fuzzers and in test programs. A core takes any bytes (also invalid UTF-8, also
 * megabytes), writes the cleaned value to a buffer and returns NULL, or returns
 * the reason why the value is refused: a short, stable, constant text that holds
 * nothing of the value. An accepted value that comes out empty was blank, which
 * means absent: neither a value nor a problem.
 */
#ifndef CDP_CLEAN_VALUE_H
#define CDP_CLEAN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A growing byte buffer on malloc: kept by its owner and used again for the next
 * value. When memory runs out, failed is set and later writes do nothing; the
 * caller that owns the buffer checks it once at the end.
 */
typedef struct CdpBuf
{
	char	   *data;
	size_t		len;
	size_t		cap;
	bool		failed;
} CdpBuf;

extern bool cdp_buf_reserve(CdpBuf *buf, size_t more);
extern void cdp_buf_free(CdpBuf *buf);

static inline void
cdp_buf_reset(CdpBuf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static inline void
cdp_buf_put(CdpBuf *buf, char c)
{
	if (buf->len < buf->cap || cdp_buf_reserve(buf, 1))
		buf->data[buf->len++] = c;
}

static inline void
cdp_buf_append(CdpBuf *buf, const char *s, size_t len)
{
	if (len > 0 && cdp_buf_reserve(buf, len))
	{
		memcpy(buf->data + buf->len, s, len);
		buf->len += len;
	}
}

static inline bool
cdp_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
cdp_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
cdp_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
cdp_is_alpha(char c)
{
	return cdp_is_upper(c) || cdp_is_lower(c);
}

static inline bool
cdp_is_alnum(char c)
{
	return cdp_is_alpha(c) || cdp_is_digit(c);
}

static inline bool
cdp_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char
cdp_to_lower(char c)
{
	return cdp_is_upper(c) ? c + ('a' - 'A') : c;
}

static inline char
cdp_to_upper(char c)
{
	return cdp_is_lower(c) ? c - ('a' - 'A') : c;
}

/* reasons that more than one core gives */
extern const char cdp_reason_placeholder[];
extern const char cdp_reason_too_long[];
extern const char cdp_reason_invalid[];

/* A normaliser, or the making of a matching key (which never gives a reason). */
typedef const char *(*CdpCleaner) (const char *in, size_t len, CdpBuf *out);

/* fold.c */
#define CDP_TIDY_PUNCT	0x01	/* typographic apostrophes and dashes to ASCII */
#define CDP_FOLD_ICU	0x02	/* no fast path: what the tests compare it with */

/* longest input of a key, in bytes; a longer one has no key */
#define CDP_KEY_MAX_BYTES	100000

extern bool cdp_is_ascii(const char *s, size_t len);
extern bool cdp_utf8_valid(const char *s, size_t len);
extern void cdp_trim(const char **s, size_t *len);
extern const char *cdp_tidy(const char *in, size_t len, size_t max_chars, unsigned flags, CdpBuf *out);
extern void cdp_fold(const char *in, size_t len, unsigned flags, CdpBuf *out);
extern bool cdp_has_letter(const char *s, size_t len);
extern void cdp_lower(const char *in, size_t len, CdpBuf *out);
extern void cdp_upper(const char *in, size_t len, CdpBuf *out);
extern void cdp_title(const char *in, size_t len, CdpBuf *out);

/* placeholder.c */
typedef enum CdpPlaceholderKind
{
	CDP_FOR_TEXT = 0x01,		/* free text, streets, states, countries, numbers, dates */
	CDP_FOR_NAME = 0x02,
	CDP_FOR_ID = 0x04,
	CDP_FOR_EMAIL = 0x08,		/* the whole of what should have been an address */
	CDP_FOR_PHONE = 0x10
} CdpPlaceholderKind;

extern bool cdp_is_placeholder(CdpPlaceholderKind kind, const char *s, size_t len);
extern bool cdp_is_placeholder_email(const char *local, size_t local_len, const char *domain, size_t domain_len);
extern bool cdp_is_placeholder_digits(const char *digits, size_t len);

/* table.c */
typedef struct CdpEntry
{
	const char *key;
	const char *value;
} CdpEntry;

#define CDP_LONGEST_KEY 47		/* bytes */

/* A table of constants, sorted by key at its first use. Keys of one length are searched by halves, the longest, if any, one by one. */
typedef struct CdpTable
{
	CdpEntry   *entry;
	int			n;
	bool		sorted;
	int			from[CDP_LONGEST_KEY + 2];	/* by length: the first entry; the last: of those that are longer */
} CdpTable;

#define CDP_TABLE(entries) {(entries), (int) (sizeof(entries) / sizeof((entries)[0])), false, {0}}

extern const CdpEntry *cdp_table_find(CdpTable *table, const char *key, size_t len);

/* name.c */
extern const char *cdp_name_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_name_key_of(const char *in, size_t len, CdpBuf *out);

/* email.c */
extern const char *cdp_email_clean(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_email_key_of(const char *in, size_t len, CdpBuf *out);
extern const char *cdp_email_personal_key(const char *in, size_t len, CdpBuf *out);
extern bool cdp_email_role(const char *in, size_t len, CdpBuf *work);
extern bool cdp_email_disposable(const char *in, size_t len, CdpBuf *work);

#endif
