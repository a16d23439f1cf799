"""Why a polygon was not taken."""

from traceability.i18n import N_

REFUSALS = {
    "polygon.missing": N_("Please draw the area on the map, enter its corners or upload a file."),
    "polygon.too_many_corners": N_(
        "This boundary has {count} corners; at most {limit} are accepted. Please simplify it before uploading."
    ),
    "polygon.not_numbers": N_(
        "Corner {place} is not a pair of ordinary numbers. Please correct it in the file and upload it again."
    ),
    "polygon.open_ring": N_(
        "The boundary does not return to its first corner. Please close it in the program that made the file, so that "
        "the last corner equals the first, and upload it again."
    ),
    "polygon.too_few_corners": N_("An area needs at least three different corners; there are {count}."),
    "polygon.swapped": N_(
        "Longitude and latitude seem to be swapped: read the other way round, the area lies in Vietnam. GeoJSON and "
        "KML put longitude (about 102-110) first. Please export the file again."
    ),
    "polygon.projected": N_(
        "Corner {place} is in metres, probably VN-2000. Please export the boundary in WGS 84, in degrees of longitude "
        "and latitude."
    ),
    "polygon.outside_vietnam": N_(
        "Corner {place} (latitude {latitude}, longitude {longitude}) lies outside Vietnam. Please check it."
    ),
    "polygon.no_area": N_(
        "These corners enclose no area: they lie on one line or in one spot. Please draw them again."
    ),
    "polygon.crossing_edges": N_(
        "The boundary crosses or touches itself near latitude {latitude}, longitude {longitude}. Please put the "
        "corners in order around the area."
    ),
    "polygon.too_large": N_(
        "This area is {hectares} hectares, too large for a growing area. Please check the corners."
    ),
    "polygon_file.empty": N_("The file is empty. Please choose the file with the boundary."),
    "polygon_file.too_large": N_(
        "The file is larger than {limit} MB. Please export only the boundary of this area and upload it again."
    ),
    "polygon_file.kmz": N_(
        "KMZ is a packed file. Please save the area as KML in Google Earth and upload that."
    ),
    "polygon_file.encoding": N_(
        "This is not a text file in UTF-8. Please upload GeoJSON, KML or a table of corners."
    ),
    "polygon_file.unknown": N_(
        "The file holds no boundary. Please upload GeoJSON, KML or a table of corners."
    ),
    "polygon_file.not_geojson": N_(
        "This is not valid GeoJSON. Please export the boundary again as GeoJSON or KML."
    ),
    "polygon_file.not_kml": N_("This is not valid KML. Please export the boundary again as KML or GeoJSON."),
    "polygon_file.entities": N_(
        "The KML file defines entities or a document type, which is not accepted. Please export it again from the map "
        "program."
    ),
    "polygon_file.no_polygon": N_(
        "The file holds no polygon, only points, a path or nothing. Please draw the area as a polygon "
        "and upload it again."
    ),
    "polygon_file.several": N_(
        "The file holds {count} areas. Please upload one file with one polygon for each growing area."
    ),
    "polygon_file.holes": N_(
        "The area has a hole. Please draw it without holes; ponds and houses inside belong to the outline."
    ),
    "polygon_table.line": N_(
        "Line {line} is not a corner: “{text}”. Please write latitude and longitude, for example 10.0123, 105.8321."
    ),
    "polygon_table.swapped": N_(
        "Latitude and longitude seem to be swapped. Please write latitude (about 8-23) first, then longitude (about "
        "102-110)."
    ),
}
