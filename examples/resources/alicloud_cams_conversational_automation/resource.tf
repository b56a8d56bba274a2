resource "alicloud_cams_conversational_automation" "shop" {
  # In a configuration with the binding: alicloud_cams_waba_binding.shop.cust_space_id
  cust_space_id = "cams-8filvjc8snw"
  phone_number  = "6580001234"

  prompts = ["Where is my order?", "When are you open?"]

  commands = [
    {
      command_name        = "order"
      command_description = "Shows the state of your order"
    },
    {
      command_name        = "hours"
      command_description = "Shows when the shop is open"
    },
  ]
}
