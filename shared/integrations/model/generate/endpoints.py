"""Where services are, by botocore's own evaluation of their rule sets.

Most endpoints are `https://{prefix}[-fips].{region}.{suffix of the partition}`: only the others are kept, as
a template for each variant of a partition, with the regions that have another one.
"""

import collections

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

import source

# A rule set that knows a bucket, an account or the like is asked about a plain request.
PLACEHOLDER = "x"


def resolver():
    partitions = source.read(source.DATA / "partitions.json")

    def resolve(model):
        """[(partition, fips, dual stack, (template, signing region), {region: (template, signing region)})]"""
        if model["rules"] is None:
            return []
        rules = EndpointProvider(model["rules"], partitions)
        parameters = model["rules"]["parameters"]
        prefix = model["metadata"]["endpointPrefix"]
        found = []
        for partition in partitions["partitions"]:
            outputs = partition["outputs"]
            for fips in (False, True):
                for dual in (False, True):
                    suffix = outputs["dualStackDnsSuffix" if dual else "dnsSuffix"]
                    usual = (f"https://{prefix}{'-fips' if fips else ''}.{{region}}.{suffix}", "")
                    regions = {
                        region: answer
                        for region in partition["regions"]
                        if not region.endswith("-global")
                        and (answer := endpoint(rules, parameters, region, fips, dual)) is not None
                    }
                    if not regions:
                        continue
                    common = collections.Counter(sorted(regions.values())).most_common(1)[0][0]
                    others = {region: answer for region, answer in sorted(regions.items()) if answer != common}
                    if common != usual or others:
                        found.append((partition["id"], fips, dual, common, others))
        return found

    return resolve


def endpoint(rules, parameters, region, fips, dual):
    given = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
    asked = {name: value for name, value in given.items() if name in parameters}
    for name, parameter in parameters.items():
        if name in given or name == "Endpoint":
            continue
        if parameter.get("default") is not None:
            asked[name] = parameter["default"]
        elif parameter.get("required"):
            asked[name] = False if parameter["type"].lower() == "boolean" else PLACEHOLDER
    try:
        answer = rules.resolve_endpoint(**asked)
    except EndpointProviderError:
        return None
    schemes = answer.properties.get("authSchemes") or [{}]
    signing = schemes[0].get("signingRegion") or ""
    return answer.url.replace(region, "{region}"), "" if signing == region else signing
