"""Who cleans a document until when, how it was seen to be clean, and who was told of a case."""

from django import forms

from investigations.forms import PageForm
from investigations.services import LONGEST_TEXT


class RemediationForm(PageForm):
    """Who cleans it, until when."""

    owner = forms.CharField(label="Who cleans it", max_length=200)
    due = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))


class SeenForm(forms.Form):
    """How it was seen to be clean, or why it need not be."""

    why = forms.CharField(label="How it was seen, or why not", max_length=300)


class ToldForm(forms.Form):
    """Who was told."""

    whom = forms.CharField(label="Who was told, and how", max_length=LONGEST_TEXT)
