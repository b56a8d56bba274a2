# Finds the templates of all spaces. Write import blocks and a configuration for them:
#   terraform query -generate-config-out=templates.tf
list "alicloud_cams_chatapp_template" "all" {
  provider         = alicloud
  include_resource = true
}
