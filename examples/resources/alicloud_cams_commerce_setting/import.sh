# The import ID is the CustSpaceId, a colon, and the phone number.
terraform import alicloud_cams_commerce_setting.shop cams-8filvjc8snw:6580001234
