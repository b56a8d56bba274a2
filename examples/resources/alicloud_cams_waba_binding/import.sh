# The import ID is the CustSpaceId, which the console shows as the channel ID in Channel Management.
terraform import alicloud_cams_waba_binding.shop cams-8filvjc8snw
