-- e-mail: address, key, flags, reasons
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

SELECT v, cdp.normalize_email(v), cdp.email_problem(v), cdp.email_key(v)
  FROM unnest(ARRAY['Ann@Example.com', '  ann@example.com ', 'Ann.Lee+Shop@GoogleMail.com', 'ann.lee@gmail.com', 'ann+x@example.org', 'mailto:ann@example.com?subject=hi',
                    'Ann Lee <Ann@x-y.co.uk>', '"Lee, Ann" <ann@example.com>', '<ann@example.com>', 'ann@example.com (Ann Lee)', 'ann@example.com;', 'ann@example.com.',
                    '"ann"@example.com', '"Ann Lee"@example.com', '"a\"b"@example.com', '"a@b"@example.com', 'ann@bücher.example', 'ann@xn--bcher-kva.example', 'ANN@BÜCHER.EXAMPLE',
                    'jösé@example.com', 'o''brien@example.com', '!#$%&''*+-/=?^_`{|}~@example.com', '+tag@example.com', 'ann.+x@gmail.com', 'a.+b@example.com',
                    '用户@例子.广告', 'ann@faß.de', 'ann@sub.sub.example.museum', 'ann＠example．com', 'test@acme.com', 'ann@a--b.com', 'ann@ab--cd.com', 'test@shop.example']) v;

-- refused
SELECT v, cdp.normalize_email(v), cdp.email_problem(v), cdp.email_key(v)
  FROM unnest(ARRAY['ann', 'ann@', '@example.com', 'ann@@example.com', 'ann@b@example.com', 'ann@x.com, bob@y.com', 'ann@x.com;bob@y.com', 'ann lee@example.com', 'ann@exam ple.com',
                    '.ann@example.com', 'ann.@example.com', 'a..b@example.com', 'a(b@example.com', '"ann@example.com', '""@example.com', 'ann@[127.0.0.1]', 'ann@127.0.0.1',
                    'ann@localhost', 'ann@host.localhost', 'ann@x.invalid', 'ann@-x.com', 'ann@x-.com', 'ann@x..com', 'ann@x_y.com', 'ann@x.c', 'ann@x.1', 'ann@xn--\.com', 'ann@xn--999999.com',
                    repeat('a', 65) || '@example.com', 'ann@' || repeat('a', 64) || '.com', 'ann@' || repeat('abcdefghi.', 26) || 'com', E'a\nb@example.com', 'ann@☃.-', '"a"b@x.com']) v;

-- placeholders and blank
SELECT v, cdp.normalize_email(v), cdp.email_problem(v)
  FROM unnest(ARRAY['n/a', 'none', 'NULL', '-', 'test@test.com', 'TEST+1@test.com', 'none@none.com', 'noemail@acme.com', 'no.email@gmail.com', 'example@example.com', 'a@a.a', 'a@a.com',
                    'na@na.com', 'ann@noemail.com', 'xxx@xxx.com', 'asdf@asdf.com', '', '  ', U&'\200B']) v;

SELECT v, cdp.email_is_role(v), cdp.email_is_disposable(v)
  FROM unnest(ARRAY['info@example.com', 'Sales+us@example.com', 'no-reply@example.com', 'ann@example.com', 'ann@mailinator.com', 'ann@x.Mailinator.com', 'ann@notmailinator.com', 'n/a']) v;

-- long input is refused at once
SELECT cdp.email_problem(repeat('a', 100000) || '@example.com'), cdp.email_problem(repeat('é@', 500000)), cdp.email_problem('"' || repeat('\', 900)),
       length(cdp.normalize_email(repeat('a', 64) || '@' || repeat(repeat('b', 30) || '.', 6) || 'com'));
-- by what people are compared: the key, but for roles
SELECT count(*) AS compared FROM (SELECT lower(p) || '@' || d AS v FROM unnest('{ann.lee,ann.lee+shop,info,Info+x,sales.,no-reply,a,"\"quoted one\"",in.fo,postmaster+a+b}'::text[]) p CROSS JOIN unnest('{gmail.com,googlemail.com,example.org,mail.example.com}'::text[]) d) x
 CROSS JOIN LATERAL (SELECT cdp.email_key(x.v) AS key, cdp_internal.personal_email(cdp.normalize_email(x.v)::cdp.email) AS personal) y
 WHERE y.personal IS NOT DISTINCT FROM CASE WHEN NOT cdp.email_is_role(y.key) THEN y.key END;
