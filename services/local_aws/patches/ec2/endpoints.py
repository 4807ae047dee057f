"""EC2: VPC endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_region
from ministack.services import ec2

from services.local_aws.patches.query import first
from services.local_aws.patches.registry import patch, replace, replace_entry, symbol

Handler = Callable[[dict[str, Any]], Any]


@patch
def interface_endpoint_fields() -> None:
    """An interface endpoint tells its security groups, private DNS, names and policy.

    Stock keeps none of them, so every plan wants to set security groups and private DNS again.
    """
    actions = symbol(ec2, "_ACTION_MAP")

    def make_create(original: Handler) -> Handler:
        def create(params: dict[str, Any]) -> Any:
            before = set(ec2._vpc_endpoints.keys())
            original(params)
            (endpoint_id,) = set(ec2._vpc_endpoints.keys()) - before
            endpoint = ec2._vpc_endpoints[endpoint_id]
            interface = endpoint["VpcEndpointType"] == "Interface"
            endpoint["SecurityGroupIds"] = ec2._parse_member_list(params, "SecurityGroupId")
            endpoint["PrivateDnsEnabled"] = (
                interface and first(params, "PrivateDnsEnabled", "true") == "true"
            )
            endpoint["PolicyDocument"] = first(params, "PolicyDocument") or None
            return ec2._xml(
                200, "CreateVpcEndpointResponse", ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint")
            )

        return create

    def make_modify(original: Handler) -> Handler:
        def modify(params: dict[str, Any]) -> Any:
            answer = original(params)
            endpoint = ec2._vpc_endpoints.get(first(params, "VpcEndpointId"))
            if endpoint is not None:
                groups = set(endpoint.get("SecurityGroupIds", []))
                groups |= set(ec2._parse_member_list(params, "AddSecurityGroupId"))
                groups -= set(ec2._parse_member_list(params, "RemoveSecurityGroupId"))
                endpoint["SecurityGroupIds"] = sorted(groups)
                if "PrivateDnsEnabled" in params:
                    endpoint["PrivateDnsEnabled"] = first(params, "PrivateDnsEnabled") == "true"
                if first(params, "ResetPolicy") == "true":
                    endpoint["PolicyDocument"] = None
            return answer

        return modify

    replace_entry(actions, "CreateVpcEndpoint", make_create)
    replace_entry(actions, "ModifyVpcEndpoint", make_modify)
    replace(ec2, "_vpce_fields_xml", _make_xml)


def _make_xml(original: Callable[..., str]) -> Callable[..., str]:
    def fields_xml(endpoint: dict[str, Any], tag: str = "item") -> str:
        if "SecurityGroupIds" not in endpoint:  # of a state saved without the overlay
            return original(endpoint, tag)
        inner = "".join(
            f"<item><groupId>{group}</groupId><groupName>{_group_name(group)}</groupName></item>"
            for group in endpoint["SecurityGroupIds"]
        )
        text = f"<groupSet>{inner}</groupSet>"
        text += (
            f"<privateDnsEnabled>{str(endpoint['PrivateDnsEnabled']).lower()}</privateDnsEnabled>"
        )
        policy = escape(endpoint["PolicyDocument"] or _ALLOW_ALL)
        text += f"<policyDocument>{policy}</policyDocument>"
        if endpoint["VpcEndpointType"] == "Interface":
            text += "<ipAddressType>ipv4</ipAddressType>"
            text += "<dnsOptions><dnsRecordIpType>ipv4</dnsRecordIpType></dnsOptions>"
            text += f"<dnsEntrySet>{_dns_entries(endpoint)}</dnsEntrySet>"
        return original(endpoint, tag).rstrip().removesuffix(f"</{tag}>") + text + f"</{tag}>"

    return fields_xml


_ALLOW_ALL = (
    '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],'
    '"Version":"2008-10-17"}'
)


def _group_name(group_id: str) -> str:
    group = ec2._security_groups.get(group_id, {})
    return escape(str(group.get("GroupName", "")))


def _dns_entries(endpoint: dict[str, Any]) -> str:
    service = endpoint["ServiceName"].rpartition(f".{get_region()}.")[2]
    region = get_region()
    names = [f"{endpoint['VpcEndpointId']}.{service}.{region}.vpce.amazonaws.com"]
    if endpoint["PrivateDnsEnabled"]:
        names.append(f"{'.'.join(reversed(service.split('.')))}.{region}.amazonaws.com")
    return "".join(
        f"<item><dnsName>{name}</dnsName><hostedZoneId>Z7HUB22UULQXV</hostedZoneId></item>"
        for name in names
    )
