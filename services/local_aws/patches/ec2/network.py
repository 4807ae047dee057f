"""EC2: network access control lists and flow logs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

from services.local_aws.patches.query import first
from services.local_aws.patches.registry import patch, replace_entry, symbol

Handler = Callable[[dict[str, Any]], Any]


def _associate_subnets(vpc_id: str) -> None:
    """Give every subnet without an access control list the default one of its network."""
    acls = [acl for acl in ec2._network_acls.values() if acl["VpcId"] == vpc_id]
    default = next((acl for acl in acls if acl["IsDefault"]), None)
    if default is None:
        return
    taken = {association["SubnetId"] for acl in acls for association in acl["Associations"]}
    for subnet in ec2._subnets.values():
        if subnet["VpcId"] == vpc_id and subnet["SubnetId"] not in taken:
            digest = hashlib.sha256(subnet["SubnetId"].encode()).hexdigest()[:17]
            default["Associations"].append(
                {"NetworkAclAssociationId": f"aclassoc-{digest}", "SubnetId": subnet["SubnetId"]}
            )
    existing = {subnet["SubnetId"] for subnet in ec2._subnets.values()}
    for acl in acls:
        acl["Associations"] = [a for a in acl["Associations"] if a["SubnetId"] in existing]


@patch
def network_acl_associations() -> None:
    """A network ACL can take over subnets and says which it has.

    Stock, subnets belong to no ACL, `association.subnet-id` does not filter and a replaced
    association forgets its subnet, so an ACL with subnets cannot be created.
    """
    actions = symbol(ec2, "_ACTION_MAP")

    def make_describe(original: Handler) -> Handler:
        def describe(params: dict[str, Any]) -> Any:
            for vpc_id in {acl["VpcId"] for acl in ec2._network_acls.values()}:
                _associate_subnets(vpc_id)
            filters = ec2._parse_filters(params)
            subnets = filters.get("association.subnet-id")
            ids = set(filters.get("network-acl-id", []))
            if subnets is not None:
                ids |= {
                    acl["NetworkAclId"]
                    for acl in ec2._network_acls.values()
                    if any(a["SubnetId"] in subnets for a in acl["Associations"])
                }
            if subnets is not None or ids:
                wanted = ids or {"acl-none"}
                params = {
                    **params,
                    **{f"NetworkAclId.{n}": [acl] for n, acl in enumerate(sorted(wanted), 1)},
                }
            return original(params)

        return describe

    def make_replace(original: Handler) -> Handler:
        def replace_association(params: dict[str, Any]) -> Any:
            association_id = first(params, "AssociationId")
            subnet_id = next(
                (
                    association["SubnetId"]
                    for acl in ec2._network_acls.values()
                    for association in acl["Associations"]
                    if association["NetworkAclAssociationId"] == association_id
                ),
                None,
            )
            if subnet_id is None:
                return ec2._error(
                    "InvalidAssociationID.NotFound",
                    f"The association ID '{association_id}' does not exist",
                    400,
                )
            answer = original(params)
            acl = ec2._network_acls.get(first(params, "NetworkAclId"))
            if acl is not None:
                acl["Associations"][-1]["SubnetId"] = subnet_id
            return answer

        return replace_association

    replace_entry(actions, "DescribeNetworkAcls", make_describe)
    replace_entry(actions, "ReplaceNetworkAclAssociation", make_replace)


@patch
def network_acl_entry_ports() -> None:
    """A network ACL's entry keeps its ports and its ICMP type.

    Stock drops them, so every plan wants to set them again.
    """
    actions = symbol(ec2, "_ACTION_MAP")

    def make(original: Handler) -> Handler:
        def write(params: dict[str, Any]) -> Any:
            answer = original(params)
            acl = ec2._network_acls.get(first(params, "NetworkAclId"))
            if acl is not None and acl["Entries"]:
                entry = acl["Entries"][-1]
                for name in ("PortRange.From", "PortRange.To", "Icmp.Type", "Icmp.Code"):
                    if name in params:
                        entry[name] = int(first(params, name))
            return answer

        return write

    def make_xml(original: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        def entry_xml(entry: dict[str, Any]) -> str:
            text = original(entry).strip().removesuffix("</item>")
            if "PortRange.From" in entry:
                text += (
                    f"<portRange><from>{entry['PortRange.From']}</from>"
                    f"<to>{entry.get('PortRange.To', entry['PortRange.From'])}</to></portRange>"
                )
            if "Icmp.Type" in entry:
                text += (
                    f"<icmpTypeCode><type>{entry['Icmp.Type']}</type>"
                    f"<code>{entry.get('Icmp.Code', -1)}</code></icmpTypeCode>"
                )
            return text + "</item>"

        return entry_xml

    replace_entry(actions, "CreateNetworkAclEntry", make)
    replace_entry(actions, "ReplaceNetworkAclEntry", make)
    ec2._network_acl_entry_xml = make_xml(symbol(ec2, "_network_acl_entry_xml"))


@patch
def flow_log_fields() -> None:
    """A flow log tells its role, interval, format and tags.

    Stock forgets them and stores tags under another resource type, so every plan replaces the
    flow log.
    """
    actions = symbol(ec2, "_ACTION_MAP")

    def make_create(original: Handler) -> Handler:
        def create(params: dict[str, Any]) -> Any:
            before = set(ec2._flow_logs.keys())
            answer = original(params)
            for flow_log_id in set(ec2._flow_logs.keys()) - before:
                ec2._flow_logs[flow_log_id].update(
                    DeliverLogsPermissionArn=first(params, "DeliverLogsPermissionArn"),
                    MaxAggregationInterval=first(params, "MaxAggregationInterval") or "600",
                    LogFormat=first(params, "LogFormat") or _DEFAULT_FORMAT,
                )
                ec2._parse_tag_specs(params, "vpc-flow-log", flow_log_id)
            return answer

        return create

    def make_describe(original: Handler) -> Handler:
        def describe(params: dict[str, Any]) -> Any:
            ids = ec2._parse_member_list(params, "FlowLogId")
            filters = ec2._parse_filters(params)
            wanted = [
                flow_log
                for flow_log in ec2._flow_logs.values()
                if (not ids or flow_log["FlowLogId"] in ids)
                and ec2._resource_matches_tag_filters(flow_log["FlowLogId"], filters)
                and flow_log["ResourceId"] in filters.get("resource-id", [flow_log["ResourceId"]])
            ]
            items = "".join(_flow_log_xml(flow_log) for flow_log in wanted)
            return ec2._xml(200, "DescribeFlowLogsResponse", f"<flowLogSet>{items}</flowLogSet>")

        return describe

    replace_entry(actions, "CreateFlowLogs", make_create)
    replace_entry(actions, "DescribeFlowLogs", make_describe)


_DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport}"
    " ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)


def _flow_log_xml(flow_log: dict[str, Any]) -> str:
    destination = flow_log.get("LogDestination", "")
    fields = {
        "flowLogId": flow_log["FlowLogId"],
        "flowLogStatus": flow_log["FlowLogStatus"],
        "resourceId": flow_log["ResourceId"],
        "trafficType": flow_log["TrafficType"],
        "logDestinationType": flow_log["LogDestinationType"],
        "logDestination": destination,
        "deliverLogsPermissionArn": flow_log.get("DeliverLogsPermissionArn"),
        "deliverLogsStatus": "SUCCESS",
        "logFormat": flow_log.get("LogFormat", _DEFAULT_FORMAT),
        "maxAggregationInterval": flow_log.get("MaxAggregationInterval", "600"),
        "creationTime": flow_log["CreationTime"],
    }
    if flow_log["LogDestinationType"] == "cloud-watch-logs":
        fields["logGroupName"] = destination.partition(":log-group:")[2].removesuffix(":*")
    inner = "".join(
        f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items() if value
    )
    return f"<item>{inner}{ec2._tag_set_xml(flow_log['FlowLogId'])}</item>"


@patch
def nat_gateway_addresses() -> None:
    """A NAT gateway tells its address: the Elastic IP it was given.

    Stock answers an empty address set, so Terraform loses `allocation_id` and `public_ip`.
    """

    def make(original: Handler) -> Handler:
        def describe(params: dict[str, Any]) -> Any:
            status, headers, body = original(params)
            text = body.decode()
            for nat in ec2._nat_gateways.values():
                marker = f"<natGatewayId>{nat['NatGatewayId']}</natGatewayId>"
                head, found, tail = text.partition(marker)
                if found:
                    text = (
                        head
                        + found
                        + tail.replace("<natGatewayAddressSet/>", _nat_address_xml(nat), 1)
                    )
            return status, headers, text.encode()

        return describe

    replace_entry(symbol(ec2, "_ACTION_MAP"), "DescribeNatGateways", make)


def _nat_address_xml(nat: dict[str, Any]) -> str:
    address = ec2._addresses.get(nat["AllocationId"], {})
    return (
        "<natGatewayAddressSet><item>"
        f"<allocationId>{nat['AllocationId']}</allocationId>"
        f"<publicIp>{address.get('PublicIp', '')}</publicIp>"
        "<isPrimary>true</isPrimary><status>succeeded</status>"
        "</item></natGatewayAddressSet>"
    )
