import {
  to = alicloud_cams_conversational_automation.shop
  id = "cams-8filvjc8snw:6580001234"
}
