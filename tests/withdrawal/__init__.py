"""What a visitor has consented to until a withdrawal is not sent."""
