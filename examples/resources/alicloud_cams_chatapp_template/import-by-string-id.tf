import {
  to = alicloud_cams_chatapp_template.shipped
  id = "cams-8filvjc8snw:1002003004005006:en"
}
