locals {
  text = "Hello $(customer), your order $(order) is on its way to $(customer)."
}

output "variables" {
  value = provider::alicloud::template_variables(local.text) # ["customer","order"]
}
