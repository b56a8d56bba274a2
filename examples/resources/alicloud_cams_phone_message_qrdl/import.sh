# The space, the number and the code of the link, with colons. In the account of a RAM role, the ARN of the role and a slash come before them.
terraform import alicloud_cams_phone_message_qrdl.parcel cams-8filvjc8snw:6580001234:4O4YGZEG3RIVE1
