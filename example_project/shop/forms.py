"""What visitors type in, checked values out; each field tells the browser what it is, so that it can fill it in."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.models import User

from example_project.shop.cart import MOST
from example_project.shop.models import Enquiry, Order


def _text(autocomplete: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete})


class SearchForm(forms.Form):
    q = forms.CharField(max_length=100)


class AddForm(forms.Form):
    quantity = forms.IntegerField(min_value=1, max_value=MOST, initial=1)


class ChangeForm(forms.Form):
    """None of a product takes it out of the cart."""

    quantity = forms.IntegerField(min_value=0, max_value=MOST)


class CheckoutForm(forms.ModelForm):
    class Meta:
        model = Order
        fields = ["first_name", "last_name", "email", "phone", "street", "postcode", "city", "country"]
        help_texts = {"phone": "Only if the courier may ring you."}
        widgets = {
            "first_name": _text("given-name"),
            "last_name": _text("family-name"),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
            "street": _text("address-line1"),
            "postcode": _text("postal-code"),
            "city": _text("address-level2"),
            "country": forms.Select(attrs={"autocomplete": "country"}),
        }


class ContactForm(forms.ModelForm):
    class Meta:
        model = Enquiry
        fields = ["name", "email", "message"]
        widgets = {
            "name": _text("name"),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "message": forms.Textarea(attrs={"rows": 6}),
        }


class RegistrationForm(UserCreationForm):
    """An account whose user name is its e-mail address."""

    email = forms.EmailField(label="E-mail", max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]
        widgets = {"first_name": _text("given-name"), "last_name": _text("family-name")}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(username=email).exists():
            raise forms.ValidationError("There is an account with this e-mail address already.", code="taken")
        return email

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - the signature is Django's
        self.instance.username = self.cleaned_data["email"]
        user: User = super().save(commit=commit)
        return user


class LoginForm(AuthenticationForm):
    username = forms.CharField(label="E-mail", max_length=150, widget=_text("username"))

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"].lower()
        return username
