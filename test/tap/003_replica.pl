# On a streaming standby people can read: profiles, explanations, audiences and
# consent, as they are on the primary. Whatever writes is refused with a plain error.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$primary->append_conf('postgresql.conf', 'client_min_messages = warning');
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION cdp;
	CREATE TABLE person (id int PRIMARY KEY, email text, phone text, at timestamptz);
	INSERT INTO person SELECT i, 'p' || i % 30 || '@example.com', CASE WHEN i % 9 = 0 THEN '12' ELSE '212-555-' || lpad(i::text, 4, '0') END, '2026-01-01' FROM generate_series(1, 50) i;
	SELECT cdp.create_space('customer');
	SELECT cdp.add_source('customer', 'person', key => 'id', name => 'person', observed_at => 'at', fields => '{"email": "email", "phone": "phone"}');
	SELECT cdp.resolve('customer');
	UPDATE person SET email = 'p1@example.com' WHERE id = 2;
	SELECT cdp.resolve('customer');
	SELECT cdp.add_purpose('customer', 'news');
	SELECT cdp.record_consent('customer', 'email', 'p' || i || '@example.com', 'news', (ARRAY['granted', 'denied'])[1 + i % 2]) FROM generate_series(1, 20) i;
	SELECT cdp.define_trait('customer', 'rows', 'record_count');
	SELECT cdp.define_segment('customer', 'several', 'rows > 1');
	SELECT cdp.refresh_segments('customer');
});
$primary->wait_for_catchup($standby);

my %ask = (
	profiles => 'SELECT string_agg(p::text, E\'\n\' ORDER BY profile_id) FROM customer.profile p',
	consented => "SELECT string_agg(cdp.consented('customer', p.profile_id, 'news')::text, ',' ORDER BY profile_id) FROM customer.profile p",
	consented_profiles => "SELECT string_agg(c.profile_id::text, ',' ORDER BY c.profile_id) FROM cdp.consented_profiles('customer', 'news') c",
	consent_decision => "SELECT string_agg(d::text, ',' ORDER BY p.profile_id) FROM customer.profile p CROSS JOIN cdp.consent_decision('customer', p.profile_id, 'news') d",
	members => "SELECT string_agg(m.profile_id::text, ',' ORDER BY m.profile_id) FROM cdp.members('customer', 'several') m",
	in_segment => "SELECT string_agg(cdp.in_segment('customer', 'several', p.profile_id)::text, ',' ORDER BY profile_id) FROM customer.profile p",
	explain_segment => "SELECT string_agg(e::text, ',' ORDER BY p.profile_id, e::text) FROM customer.profile p CROSS JOIN cdp.explain_segment('customer', 'several', p.profile_id) e",
	explain_profile => "SELECT string_agg(e::text, E'\n' ORDER BY p.profile_id, e::text) FROM customer.profile p CROSS JOIN cdp.explain_profile('customer', p.profile_id) e",
	current_profile => "SELECT string_agg(coalesce(cdp.current_profile('customer', i)::text, '-'), ',' ORDER BY i) FROM generate_series(1, 60) i",
	quality_report => "SELECT string_agg(q::text, E'\n') FROM cdp.quality_report('customer') q",
	common_values => "SELECT count(*) FROM cdp.common_values('customer')",
	status => "SELECT string_agg(s::text, E'\n') FROM cdp.status('customer') s",
	normalize => "SELECT cdp.normalize_email('Ann\@Example.com') || cdp.normalize_phone('212 555 0101', 'US')");
for my $name (sort keys %ask)
{
	my $there = $primary->safe_psql('postgres', $ask{$name});
	isnt($there, '', "$name says something");
	is($standby->safe_psql('postgres', $ask{$name}), $there, "$name on the standby");
}

# a withdrawal is seen there as soon as it is replayed
$primary->safe_psql('postgres', "SELECT cdp.record_consent('customer', 'email', 'p20\@example.com', 'news', 'withdrawn')");
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $ask{consented}), $primary->safe_psql('postgres', $ask{consented}), 'a withdrawal reaches the standby');

# what writes is refused, by the server's own error for a standby
for my $sql ("SELECT cdp.resolve('customer')", "CALL cdp.run('customer')", "SELECT cdp.refresh_segments('customer')", "SELECT cdp.record_consent('customer', 'email', 'p1\@example.com', 'news', 'denied')",
	"SELECT cdp.create_space('other')", "SELECT cdp.drop_space('customer', 'customer')", "SELECT cdp.rule_same('customer', 1, 2, 'why')", "SELECT cdp.block_value('customer', 'email', 'p1\@example.com', 'why')")
{
	my ($rc, $out, $err) = $standby->psql('postgres', $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	isnt($rc, 0, "$sql fails");
	like($err, qr/ERROR:  25006: /, "$sql is refused as a write on a standby");
}
is($standby->safe_psql('postgres', 'SELECT count(*) FROM customer.run'), $primary->safe_psql('postgres', 'SELECT count(*) FROM customer.run'), 'and left nothing');

# promoted, it goes on
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres', q{UPDATE person SET email = 'p3@example.com' WHERE id = 4});
is($standby->safe_psql('postgres', "SELECT records, changed FROM cdp.resolve('customer')"), '50|1', 'the promoted standby resolves');
$standby->stop;
done_testing();
