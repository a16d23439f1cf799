"""Sentences and words for pictures."""

from traceability.domain.pictures import PictureKind
from traceability.i18n import N_

REFUSALS = {
    "pictures.empty": N_("The file is empty. Choose a picture."),
    "pictures.too_large": N_(
        "The picture is too large: {size_mb} MB, at most {limit_mb} MB. Take it with a smaller size."
    ),
    "pictures.not_a_picture": N_(
        "This file is not a picture that we can read. Choose a JPEG, PNG or WebP file."
    ),
    "pictures.damaged": N_("The picture is damaged or cut off. Choose another file."),
    "pictures.too_many_pixels": N_(
        "The picture has {width} × {height} pixels; at most {limit} million pixels are accepted."
    ),
    "pictures.unpacks_too_large": N_(
        "This file would unpack to a picture of far too many pixels; at most {limit} million are accepted."
    ),
    "pictures.too_small": N_(
        "The picture is too small to show anything: at least {limit} pixels on each side."
    ),
    "pictures.too_many_today": N_(
        "At most {limit} new pictures are taken within 24 hours. Go on tomorrow, or choose a picture that you "
        "have sent before."
    ),
    "pictures.animated": N_("A moving picture is not accepted. Choose a still photo."),
}

NAMES = {
    PictureKind: {
        PictureKind.PHOTO: N_("Photo"),
        PictureKind.ILLUSTRATION: N_("Illustration"),
    },
}
