-- clean: e-mail addresses.

CREATE OR REPLACE FUNCTION cdp.normalize_email(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_normalize_email';
COMMENT ON FUNCTION cdp.normalize_email(text) IS
'An e-mail address as it can be sent to: trimmed, lower case, domain in A-labels (xn--), trailing dot of the domain dropped. A display name, angle brackets, mailto:, a trailing comment, comma or semicolon around it are taken off; tags and dots of the local part stay.
NULL when blank or refused; cdp.email_problem says why.
Example: SELECT cdp.normalize_email(U&''Ann <Ann@B\00FCcher.example>'');  -- ann@xn--bcher-kva.example';

CREATE OR REPLACE FUNCTION cdp.email_problem(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_problem';
COMMENT ON FUNCTION cdp.email_problem(text) IS
'Why cdp.normalize_email refuses an address, or NULL when it does not; a blank value is absent, which is no problem.
Reasons: placeholder, no @ sign, more than one @ sign, more than one address, no local part, local part too long (64 octets), invalid character in the local part, dot in the wrong place, space in the address, quoted local part not closed, no domain, address literal as domain, invalid domain, domain label too long (63), no top-level domain, invalid top-level domain, reserved domain (.invalid, .localhost), too long (254 octets), invalid characters.
Example: SELECT cdp.email_problem(''test@test.com'');  -- placeholder';

CREATE OR REPLACE FUNCTION cdp.email_key(value text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_key';
COMMENT ON FUNCTION cdp.email_key(text) IS
'The matching key of an address, raw or normalised: without its tag (+shop); at gmail.com and googlemail.com without dots and with the domain gmail.com. For comparing only: mail goes to the address itself. The key of a key is the key.
NULL when the address is blank or refused.
Example: SELECT cdp.email_key(''Ann.Lee+shop@googlemail.com'');  -- annlee@gmail.com';

CREATE OR REPLACE FUNCTION cdp.email_is_role(value text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_is_role';
COMMENT ON FUNCTION cdp.email_is_role(text) IS
'Whether an address belongs to a role (info, sales, noreply and so on) rather than to a person. A flag, not a reason to refuse; false for what is no address.
Example: SELECT cdp.email_is_role(''info@example.com'');  -- true';

CREATE OR REPLACE FUNCTION cdp.email_is_disposable(value text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_email_is_disposable';
COMMENT ON FUNCTION cdp.email_is_disposable(text) IS
'Whether the domain of an address, or one that it is under, is known to give out throw-away mailboxes. A short built-in list; a flag, not a reason to refuse; false for what is no address.
Example: SELECT cdp.email_is_disposable(''ann@mailinator.com'');  -- true';
