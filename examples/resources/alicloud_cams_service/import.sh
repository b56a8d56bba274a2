# There is one in each account. For the account of a role: ROLE_ARN/cams
terraform import alicloud_cams_service.this cams
