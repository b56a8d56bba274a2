output "link" {
  value = provider::alicloud::wa_me_link("+65 8000-1234", "Hello, is my order ready?") # "https://wa.me/6580001234?text=Hello%2C%20is%20my%20order%20ready%3F"
}

output "link_without_message" {
  value = provider::alicloud::wa_me_link("+65 8000-1234", null) # "https://wa.me/6580001234"
}
