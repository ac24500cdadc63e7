"""The pages of data classes, and the table of flows in a draft."""

from django.urls import path

from guardrail.views import class_documents, class_flows, class_recognisers, classes
from policies.views import class_files

urlpatterns = [
    path("policies/classes/", classes.classes, name="policy_classes"),
    path("policies/classes/new/", classes.class_new, name="policy_class_new"),
    path("policies/classes/usual/", classes.classes_usual, name="policy_classes_usual"),
    path("policies/classes/try/", classes.classes_try, name="policy_classes_try"),
    path("policies/classes/flows/", class_flows.flows_begin, name="policy_flows_begin"),
    path("policies/classes/documents/", class_documents.documents, name="policy_class_documents"),
    path("policies/classes/documents/remove/", class_documents.documents_remove, name="policy_class_documents_remove"),
    path("policies/classes/documents/class/", class_documents.documents_class, name="policy_class_documents_class"),
    path("policies/classes/files/", class_files.files, name="policy_class_files"),
    path("policies/classes/files/ticked/", class_files.files_ticked, name="policy_class_files_ticked"),
    path("policies/classes/<int:pk>/", classes.class_page, name="policy_class"),
    path("policies/classes/<int:pk>/move/", classes.class_move, name="policy_class_move"),
    path("policies/classes/<int:pk>/remove/", classes.class_remove, name="policy_class_remove"),
    path("policies/classes/<int:pk>/dictionaries/", class_recognisers.dictionary_new, name="policy_dictionary_new"),
    path("policies/classes/<int:pk>/dictionaries/<int:row>/", class_recognisers.dictionary, name="policy_dictionary"),
    path(
        "policies/classes/<int:pk>/dictionaries/<int:row>/remove/",
        class_recognisers.dictionary_remove,
        name="policy_dictionary_remove",
    ),
    path("policies/classes/<int:pk>/patterns/", class_recognisers.pattern_new, name="policy_pattern_new"),
    path("policies/classes/<int:pk>/patterns/<int:row>/", class_recognisers.pattern, name="policy_pattern"),
    path(
        "policies/classes/<int:pk>/patterns/<int:row>/remove/",
        class_recognisers.pattern_remove,
        name="policy_pattern_remove",
    ),
    path("policies/drafts/<int:pk>/flows/", class_flows.flows, name="policy_draft_flows"),
]
