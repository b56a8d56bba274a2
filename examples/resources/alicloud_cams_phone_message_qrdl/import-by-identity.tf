# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_phone_message_qrdl.parcel
  identity = {
    cust_space_id = "cams-8filvjc8snw"
    phone_number  = "6580001234"
    qrdl_code     = "4O4YGZEG3RIVE1"
  }
}
