# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_conversational_automation.shop
  identity = {
    cust_space_id = "cams-8filvjc8snw"
    phone_number  = "6580001234"
  }
}
