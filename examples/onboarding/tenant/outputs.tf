output "numbers" {
  description = "Each number with its space and the link that opens a chat."
  value = {
    for name, number in alicloud_cams_phone_number.this : name => {
      cust_space_id = number.cust_space_id
      phone_number  = number.phone_number
      registered    = number.registered
      link          = provider::alicloud::wa_me_link(number.phone_number, "Hello")
    }
  }
}

output "templates" {
  description = "Code and review of the template of each WABA."
  value = {
    for name, template in alicloud_cams_chatapp_template.order_shipped : name => {
      template_code = template.template_code
      audit_status  = template.audit_status
    }
  }
}
