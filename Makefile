# cdp: a customer data platform inside PostgreSQL.
#
# Rooms are folders of src/. The lists below are explicit: a wildcard silently
# builds nothing in a VPATH build, and the order of SQL_PIECES is the order of
# the install script.

EXTENSION = cdp
MODULE_big = cdp
CDP_VERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" cdp.control)

OBJS = \
	src/core/module.o src/core/settings.o src/core/space.o src/core/plan.o \
	src/core/progress.o src/core/query.o src/core/copy.o src/core/expression.o \
	src/clean/fold.o src/clean/table.o src/clean/placeholder.o src/clean/name.o src/clean/email.o \
	src/clean/phone.o src/clean/phone_plan.o src/clean/phone_shim.o src/clean/types.o \
	src/clean/date.o src/clean/postal.o src/clean/text.o src/clean/call.o \
	src/identity/hub.o src/identity/cluster.o src/identity/constraint.o src/identity/link.o src/identity/resolve.o \
	src/profile/survive.o src/profile/golden.o \
	src/consent/ledger.o src/consent/consent.o \
	src/segment/trait.o src/segment/segment.o \
	src/match/chars.o src/match/distance.o src/match/jaro.o src/match/qgram.o src/match/tokens.o src/match/phonetic.o src/match/double_metaphone.o \
	src/match/string.o \
	src/core/stream.o src/match/store.o src/match/score.o src/match/block.o src/match/relation.o src/match/train.o src/match/agglomerate.o \
	src/match/parallel.o src/match/pairs.o src/match/scored.o src/match/engine.o src/match/engine_record.o src/match/engine_model.o src/match/engine_train.o \
	src/match/nickname.o src/match/compare_sql.o
# the comparisons: plain C, which tests build without a server, too
COMPARE_OBJS = src/match/compare.o src/match/value.o src/match/compare_person_name.o src/match/compare_name.o src/match/compare_mailbox.o \
	src/match/compare_city.o src/match/compare_date.o src/match/compare_email.o src/match/compare_phone.o src/match/compare_postal_code.o \
	src/match/compare_id.o src/match/compare_text.o src/match/compare_number.o
OBJS += $(COMPARE_OBJS)
OBJS += src/match/comparison.o src/match/sum.o src/match/model_sql.o src/match/score_sql.o
OBJS += src/match/condition.o
OBJS += src/match/lookup.o src/match/match_key.o src/match/blocking_sql.o
OBJS += src/match/neighbour.o src/match/origin.o
OBJS += src/match/em.o src/match/repeat.o
OBJS += src/match/random.o

SQL_PIECES = \
	src/core/schema.sql src/core/space.sql src/core/expression.sql \
	src/clean/fold.sql src/clean/name.sql src/clean/email.sql src/clean/phone.sql src/clean/types.sql \
	src/clean/date.sql src/clean/postal.sql src/clean/text.sql \
	src/profile/survive.sql \
	src/identity/tables.sql src/profile/tables.sql src/consent/tables.sql \
	src/segment/tables.sql src/job/tables.sql \
	src/match/tables.sql src/match/comparison.sql \
	src/identity/attribute.sql src/identity/source.sql src/identity/rule.sql \
	src/identity/cluster.sql src/identity/resolve.sql \
	src/profile/golden.sql src/profile/explain.sql src/profile/quality.sql \
	src/match/evaluate.sql src/match/string.sql \
	src/match/engine.sql \
	src/match/compare.sql \
	src/match/score.sql src/match/model.sql src/match/explain.sql src/match/review.sql src/match/blocking.sql \
	src/match/lookup.sql \
	src/consent/ledger.sql src/consent/consent.sql \
	src/segment/trait.sql src/segment/segment.sql \
	src/job/run.sql src/job/grant.sql

REGRESS = frame expression fold name email phone types date postal text encoding limits survive ledger consent consent_merge trait segment \
	hardening string acl comments

REGRESS += source attribute resolve cluster explain quality evaluate run grant status uninstall
REGRESS += odd_names
REGRESS += engine scored
REGRESS += compare
REGRESS += comparison condition model score review blocking
REGRESS += increments
REGRESS += relation
REGRESS += lookup
REGRESS += neighbour
REGRESS += mailbox
REGRESS += agglomerate em
REGRESS += parallel row_sums
REGRESS += origin
REGRESS += move sparse garbled retrain several

ISOLATION = consent_withdrawal segment_refresh
ISOLATION += resolve_at_once resolve_snapshot
ISOLATION += lookup_resolve

DATA_built = cdp--$(CDP_VERSION).sql
EXTRA_CLEAN = cdp--$(CDP_VERSION).sql output_iso tmp_check

PG_CPPFLAGS = -Isrc
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare
PG_CXXFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -std=c++17
SHLIB_LINK = -lphonenumber -lprotobuf -licui18n -licuuc -lstdc++
REGRESS_OPTS = --inputdir=. --outputdir=.
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=output_iso

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
override with_llvm = no
include $(PGXS)

$(OBJS): $(wildcard src/*/*.h)

# The install script is the rooms' pieces in order. Pieces are written to be
# replayable (CREATE OR REPLACE); the install script must not replace what is
# somebody else's, so OR REPLACE is stripped.
cdp--$(CDP_VERSION).sql: $(SQL_PIECES) cdp.control Makefile
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION cdp" to load this file. \quit'; \
	   echo 'SET LOCAL search_path TO pg_catalog, pg_temp;'; \
	   cat $(SQL_PIECES) | sed 's/^CREATE OR REPLACE/CREATE/'; } > $@

.PHONY: test demo bench lint tap docs setup
setup:
	@bash test/setup.sh
test:
	@bash test/run.sh
demo:
	@bash test/demo.sh
bench:
	@bash test/bench/run.sh
lint:
	@bash test/lint/run.sh
docs:
	@bash test/lint/reference.sh

# make print-REGRESS: what a variable holds, for the scripts
print-%:
	@echo $($*)
tap:
	@bash test/server.sh bash test/tap/run.sh
