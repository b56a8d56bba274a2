# The space, a colon, and the number. In the account of a RAM role, the ARN of the role and a slash come before them.
terraform import alicloud_cams_phone_number.shop cams-8filvjc8snw:6580001234
