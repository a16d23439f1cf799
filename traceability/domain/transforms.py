"""The transform (chế biến, phối trộn): inputs become a new batch; each input's grams are drawn from where they lie."""

from traceability.domain.lineage import BatchInput as BatchInput
