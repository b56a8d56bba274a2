# The import ID is the CustSpaceId, a colon, and the phone number.
terraform import alicloud_cams_phone_business_profile.shop cams-8filvjc8snw:6580001234
