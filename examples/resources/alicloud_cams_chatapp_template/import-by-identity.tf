import {
  to = alicloud_cams_chatapp_template.shipped
  identity = {
    cust_space_id = "cams-8filvjc8snw"
    template_code = "1002003004005006"
    language      = "en"
  }
}
