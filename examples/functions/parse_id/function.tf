locals {
  id = "acs:ram::1000000000000002:role/onboarding/cams-8filvjc8snw:6580001234"
}

output "role" {
  value = provider::alicloud::parse_id(local.id).role_arn # "acs:ram::1000000000000002:role/onboarding"
}

output "space" {
  value = provider::alicloud::parse_id(local.id).cust_space_id # "cams-8filvjc8snw"
}

output "keys" {
  value = provider::alicloud::parse_id(local.id).keys # ["6580001234"]
}
