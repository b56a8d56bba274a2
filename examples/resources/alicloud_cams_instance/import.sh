# The import ID is the instance ID. For an instance that a bind has made it is the channel ID of the console, as far as is
# documented; the data source alicloud_cams_instances shows both.
terraform import alicloud_cams_instance.shop cams-8filvjc8snw
