# The IDs of space and template, and the language.
terraform import alicloud_cams_chatapp_template.shipped cams-8filvjc8snw:1002003004005006:en
