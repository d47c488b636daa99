/*
 * phone_shim.cpp
 *	  libphonenumber behind a C interface.
 *
 * The only C++ of the project. Nothing thrown leaves it, nothing of PostgreSQL is
 * called from it (an error there would jump over destructors), and it allocates
 * only what it frees, besides the library's own tables. The library's log is
 * switched off: it would write numbers to the server's standard error.
 */
#include "clean/phone_shim.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <new>
#include <string>
#include <vector>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonemetadata.pb.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneMetadata;
using i18n::phonenumbers::PhoneMetadataCollection;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberDesc;
using i18n::phonenumbers::PhoneNumberUtil;

/*
 * The library's own numbering plans. They are exported but in no header, so they
 * are taken weakly: where they are absent there is no fast path.
 */
namespace i18n
{
namespace phonenumbers
{
int			metadata_size() __attribute__((weak));
const void *metadata_get() __attribute__((weak));
}
}

static PhoneNumberUtil *util = nullptr;

extern "C" bool
cdp_phone_shim_start(void)
{
	if (util != nullptr)
		return true;
	try
	{
		PhoneNumberUtil *instance = PhoneNumberUtil::GetInstance();

		instance->SetLogger(new NullLogger());
		util = instance;
		return true;
	}
	catch (...)
	{
		return false;
	}
}

/* The calling code of a region, 0 when the region is not known. */
extern "C" int
cdp_phone_shim_calling_code(const char *region)
{
	try
	{
		return util->GetCountryCodeForRegion(region);
	}
	catch (...)
	{
		return 0;
	}
}

/*
 * A few plans (Mexico's) let a prefix stand in a valid number that is taken off when
 * its E.164 form is read again. For each calling code: the plain trunk prefixes of
 * its regions, or, where a prefix is a pattern, a "?" that stands for any.
 */
static std::map<int, std::vector<std::string>> trunk_prefixes;
static bool prefixes_known = false;

static bool
may_change(const PhoneNumber &number)
{
	std::string national;

	if (number.country_code() == 1)
		return false;
	if (!prefixes_known)
	{
		PhoneMetadataCollection plans;

		if (i18n::phonenumbers::metadata_get == nullptr || i18n::phonenumbers::metadata_size == nullptr ||
			!plans.ParseFromArray(i18n::phonenumbers::metadata_get(), i18n::phonenumbers::metadata_size()))
			return true;
		trunk_prefixes.clear();
		for (const PhoneMetadata &plan : plans.metadata())
		{
			const std::string &prefix = plan.national_prefix_for_parsing();

			if (prefix.find_first_not_of("0123456789|") != std::string::npos)
				trunk_prefixes[plan.country_code()].push_back("?");
			else
				for (size_t from = 0; from < prefix.size();)
				{
					size_t		end = std::min(prefix.find('|', from), prefix.size());

					trunk_prefixes[plan.country_code()].push_back(prefix.substr(from, end - from));
					from = end + 1;
				}
		}
		prefixes_known = true;
	}
	util->GetNationalSignificantNumber(number, &national);
	for (const std::string &prefix : trunk_prefixes[number.country_code()])
		if (prefix == "?" || national.compare(0, prefix.size(), prefix) == 0)
			return true;
	return false;
}

static CdpPhoneVerdict
parse(const char *text, size_t len, const char *region, char *out, size_t *out_len)
{
	PhoneNumber number;
	std::string canonical;

	switch (util->Parse(std::string(text, len), region, &number))
	{
		case PhoneNumberUtil::NO_PARSING_ERROR:
			break;
		case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
			return util->GetCountryCodeForRegion(region) == 0 && memchr(text, '+', len) == nullptr
				? CDP_PHONE_UNKNOWN_REGION : CDP_PHONE_UNKNOWN_COUNTRY;
		case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
		case PhoneNumberUtil::TOO_SHORT_NSN:
			return CDP_PHONE_TOO_SHORT;
		case PhoneNumberUtil::TOO_LONG_NSN:
			return CDP_PHONE_TOO_LONG;
		default:
			return CDP_PHONE_NOT_A_NUMBER;
	}
	if (!util->IsValidNumber(number))
	{
		switch (util->IsPossibleNumberWithReason(number))
		{
			case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
				return CDP_PHONE_NO_AREA_CODE;
			case PhoneNumberUtil::INVALID_COUNTRY_CODE:
				return CDP_PHONE_UNKNOWN_COUNTRY;
			case PhoneNumberUtil::TOO_SHORT:
				return CDP_PHONE_TOO_SHORT;
			case PhoneNumberUtil::TOO_LONG:
				return CDP_PHONE_TOO_LONG;
			case PhoneNumberUtil::INVALID_LENGTH:
				return CDP_PHONE_WRONG_LENGTH;
			default:
				return CDP_PHONE_NOT_VALID;
		}
	}
	util->Format(number, PhoneNumberUtil::E164, &canonical);

	/* a prefix that would be taken off when the result is read again: go on until it stays */
	for (int round = 0; round < 3 && may_change(number); round++)
	{
		PhoneNumber again;
		std::string shorter;

		if (util->Parse(canonical, "ZZ", &again) != PhoneNumberUtil::NO_PARSING_ERROR || !util->IsValidNumber(again))
			return CDP_PHONE_NOT_VALID;
		util->Format(again, PhoneNumberUtil::E164, &shorter);
		if (shorter == canonical)
			break;
		canonical = shorter;
	}
	if (number.has_extension() && !number.extension().empty())
		canonical += ";ext=" + number.extension();
	if (canonical.size() > CDP_PHONE_OUT_MAX)
		return CDP_PHONE_TOO_LONG;
	memcpy(out, canonical.data(), canonical.size());
	*out_len = canonical.size();
	return CDP_PHONE_VALID;
}

/*
 * Parse and check a number, written in any way, as seen from a region. The
 * canonical form goes to out (CDP_PHONE_OUT_MAX bytes, not terminated).
 */
extern "C" CdpPhoneVerdict
cdp_phone_shim_parse(const char *number, size_t len, const char *region, char *out, size_t *out_len)
{
	try
	{
		return parse(number, len, region, out, out_len);
	}
	catch (const std::bad_alloc &)
	{
		return CDP_PHONE_NO_MEMORY;
	}
	catch (...)
	{
		return CDP_PHONE_NOT_A_NUMBER;
	}
}

/* Can a description match numbers of ten digits at all? */
static bool
speaks_of_ten_digits(const PhoneNumberDesc &desc)
{
	if (!desc.has_national_number_pattern() || desc.national_number_pattern().empty())
		return false;
	if (desc.possible_length_size() == 0)
		return true;
	for (int i = 0; i < desc.possible_length_size(); i++)
		if (desc.possible_length(i) == 10)
			return true;
	return false;
}

/*
 * Show the patterns by which the library judges numbers of ten digits after +1:
 * the regions in the order in which the library asks them. False when they cannot
 * be had.
 */
extern "C" bool
cdp_phone_shim_north_america(CdpPlanVisitor visit, void *arg)
{
	try
	{
		PhoneMetadataCollection plans;
		std::list<std::string> regions;
		int			n = 0;

		if (i18n::phonenumbers::metadata_get == nullptr || i18n::phonenumbers::metadata_size == nullptr)
			return false;
		if (!plans.ParseFromArray(i18n::phonenumbers::metadata_get(), i18n::phonenumbers::metadata_size()))
			return false;
		util->GetRegionCodesForCountryCallingCode(1, &regions);
		for (const std::string &region : regions)
		{
			const PhoneMetadata *plan = nullptr;

			for (const PhoneMetadata &each : plans.metadata())
				if (each.id() == region)
					plan = &each;
			if (plan == nullptr)
				return false;
			if (plan->has_leading_digits())
				visit(arg, n, CDP_PLAN_LEADING, plan->leading_digits().c_str());
			if (speaks_of_ten_digits(plan->general_desc()))
				visit(arg, n, CDP_PLAN_GENERAL, plan->general_desc().national_number_pattern().c_str());
			for (const PhoneNumberDesc *desc :
				 {&plan->premium_rate(), &plan->toll_free(), &plan->shared_cost(), &plan->voip(),
				  &plan->personal_number(), &plan->pager(), &plan->uan(), &plan->voicemail(),
				  &plan->fixed_line(), &plan->mobile()})
				if (speaks_of_ten_digits(*desc))
					visit(arg, n, CDP_PLAN_TYPE, desc->national_number_pattern().c_str());
			n++;
		}
		return n > 0;
	}
	catch (...)
	{
		return false;
	}
}
