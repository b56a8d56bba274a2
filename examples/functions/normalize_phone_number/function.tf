output "phone_number" {
  value = provider::alicloud::normalize_phone_number("+65 8000-1234") # "6580001234"
}
