"""The raw material of made-up people and goods: short lists of our own, in six languages.

Everything is a constant. The numbers and addresses made from it are well-formed but nobody's on purpose:
never write to them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """How people of one country are named, live and are called.

    `stems` and `endings` compose rarer surnames, so that a large town is not made of thirty families.
    `postal` is the pattern of a postal code ("#": a digit, "@": a letter). A mobile number is `calling` +
    `mobile` + `digits` digits; written locally it begins with `trunk` instead of the calling code.
    """

    code: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    stems: tuple[str, ...]
    endings: tuple[str, ...]
    streets: tuple[str, ...]
    number_first: bool
    cities: tuple[str, ...]
    postal: str
    calling: str
    mobile: str
    digits: int
    trunk: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


FRANCE = Country(
    "FR",
    _words(
        "Chloé Inès Zoé Léa Manon Camille Hélène Céline Élodie Aurélie Océane Anaïs Margaux Noémie Amélie "
        "Jean-Paul Rémi Loïc Jérôme Théo François Benoît Gaël Mathéo Étienne Hugo Lucas Antoine Yann Cédric "
        "Anne-Sophie Gaëlle Maëlys Thibault"
    ),
    _words(
        "Lefèvre Dubois Moreau Girard Mercier Fournier Bégué Gauthier Chevalier Noël Rivière Barbier Aubert "
        "Renault Lacroix Rolland Prévost Le_Gall Carré Marchand Boulanger Faure Perrot Guérin"
    ),
    _words("Bar Mon Vil Char Du Cler Mar For Beau Ro Las Per Gran Val Cou Mi"),
    _words("mont neau val tier rieux din gnac court seau llier celin vray det zac lot bert"),
    _words(
        "rue_des_Lilas rue_de_l'Église avenue_Victor_Hugo rue_du_Moulin place_de_la_Mairie "
        "chemin_des_Vignes rue_Pasteur boulevard_Voltaire rue_des_Écoles allée_des_Tilleuls rue_de_la_Gare "
        "impasse_du_Pré route_de_Lyon quai_Jean_Jaurès"
    ),
    True,
    _words("Nîmes Besançon Orléans Lyon Angers Saint-Étienne Béziers Grenoble Rennes Nancy Dijon Compiègne"),
    "#####",
    "33",
    "6",
    8,
    "0",
)
GERMANY = Country(
    "DE",
    _words(
        "Jürgen Günther Björn Sönke Käthe Jörg Anneliese Heike Sabine Katrin Uwe Lukas Finn Jonas Leon "
        "Marie Lena Hannah Greta Mia Matthias Stefan Andrea Birgit Torsten Silke Anke Rüdiger Dörte Frauke "
        "Ömer Ayşe Karl-Heinz Johanna"
    ),
    _words(
        "Müller Schäfer Köhler Jäger Krüger Schröder Böhm Weiß Groß Vogel Keller Lehmann Huber Kaiser Fuchs "
        "Scholz Möller Hahn Schütte Berger Winkler Yılmaz von_Stein Kühn"
    ),
    _words("Linden Eichen Brunn Stein Kirch Ober Unter Wald Roten Hof Grün Buch Falken Hasel Neu Alt"),
    _words("berg mann er bauer hofer bach meier feld thaler brink dorf huber rich horst kamp egger"),
    _words(
        "Hauptstraße Gartenweg Bahnhofstraße Lindenallee Schulstraße Am_Mühlbach Kirchgasse Goethestraße "
        "Birkenweg Ringstraße Feldstraße Rosenweg Schlossplatz Dorfstraße"
    ),
    False,
    _words("München Köln Düsseldorf Nürnberg Lübeck Göttingen Münster Würzburg Leipzig Bremen Görlitz Mainz"),
    "#####",
    "49",
    "151",
    8,
    "0",
)
SPAIN = Country(
    "ES",
    _words(
        "José María Ana Lucía Sofía Martín Álvaro Íñigo Begoña Inés Raúl Óscar Andrés Adrián Rocío Nuria "
        "Pilar Carmen Javier Iván Jesús Ángel Mónica Verónica Tomás Héctor Belén Aarón Noelia Concepción "
        "Joaquín Macarena Unai Xavi"
    ),
    _words(
        "García Martínez López Sánchez Pérez Gómez Fernández Muñoz Núñez Ibáñez Peña Ortega Vázquez Giménez "
        "Cortés Rincón Iglesias Castaño Herrera Marín Solís Carrión Zúñiga de_la_Fuente"
    ),
    _words("Agui Cal Monte Vila Robl Are Quin Sala Torr Bel Ure Mor Cas Lar Gal Esp"),
    _words("lar derón rrey nova edo nal tana zar alba monte ña ales tillo rea lego inosa"),
    _words(
        "Calle_Mayor Calle_del_Sol Avenida_de_la_Constitución Plaza_de_España Calle_Peñón Calle_Real "
        "Paseo_Marítimo Calle_Olmo Camino_Viejo Ronda_Norte Calle_Cervantes Travesía_del_Río Calle_Ancha "
        "Calle_Nueva"
    ),
    False,
    _words("Málaga Cádiz León Logroño Córdoba Almería Gijón Sevilla Cáceres Ávila Huelva A_Coruña"),
    "#####",
    "34",
    "6",
    8,
    "",
)
ITALY = Country(
    "IT",
    _words(
        "Niccolò Giosuè Noè Chiara Giulia Francesca Alessandra Matteo Lorenzo Davide Simone Elisa Beatrice "
        "Ilaria Gianluca Pietro Edoardo Margherita Caterina Salvatore Rosaria Fabio Luca Michele Emanuele "
        "Ginevra Tommaso Bianca Irene Agnese"
    ),
    _words(
        "Rossi Ferrari Esposito Bianchi Colombo Ricci Marino Conti Gallo Costa Fontana Rizzo Moretti "
        "D'Angelo Santoro Caruso Lombardi De_Luca Nicolò Pellegrini Sala Farina Testa Grassi"
    ),
    _words("Mont Bell Cast Ross Gal Ser Ver Bar Cal Pal Man Fer Lan Tor Zan Cor"),
    _words("ini elli one etti aldi ucci ese ato ieri oni asi ante otta icchi orni ardo"),
    _words(
        "Via_Roma Via_Garibaldi Corso_Italia Piazza_della_Libertà Via_dei_Mille Viale_Europa Via_Verdi "
        "Via_San_Nicolò Via_Dante Via_del_Popolo Vicolo_Stretto Via_Leopardi Via_Manzoni Via_Mazzini"
    ),
    False,
    _words("Torino Forlì Cefalù Bologna Padova Lecce Parma Trento Pisa Cantù Verona Genova"),
    "#####",
    "39",
    "34",
    8,
    "",
)
POLAND = Country(
    "PL",
    _words(
        "Łukasz Michał Paweł Małgorzata Grażyna Bożena Zofia Agnieszka Katarzyna Piotr Wojciech Jakub "
        "Mikołaj Świętosława Elżbieta Joanna Magdalena Rafał Stanisław Tomasz Marcin Dorota Ewa Iga Hanna "
        "Kacper Szymon Franciszek Bogusław Żaneta"
    ),
    _words(
        "Nowak Kowalczyk Wiśniewski Wójcik Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski "
        "Jabłoński Król Wróbel Pawłowski Michalski Zając Wieczorek Piątek Gołąb Łuczak Ślęzak Źródlak Bąk "
        "Cieślak"
    ),
    _words("Kos Mal Sad Bor Kur Wil Ros Gór Jaw Lip Czar Dęb Zar Mor Pol Stan"),
    _words("owski iński ecki czyk ak ik owicz ewski ański orek czak el ota ura isz alak"),
    _words(
        "ul._Długa ul._Kwiatowa ul._Świętokrzyska ul._Leśna ul._Krótka ul._Mickiewicza ul._Słoneczna "
        "al._Wolności ul._Polna ul._Ogrodowa ul._Łąkowa pl._Zamkowy ul._Szkolna ul._Żeromskiego"
    ),
    False,
    _words("Łódź Kraków Gdańsk Poznań Wrocław Toruń Białystok Częstochowa Rzeszów Lublin Opole Zielona_Góra"),
    "##-###",
    "48",
    "6",
    8,
    "",
)
BRITAIN = Country(
    "GB",
    _words(
        "Olivia Amelia Isla Poppy Harriet Siobhán Niamh Zoë Emily George Oliver Alfie Rhys Callum Declan "
        "Liam Aisha Imran Priya Arjun Hamish Eilidh Angharad Gwen Margaret William Thomas Charlotte Beth "
        "Daniel Katherine Elizabeth Robert Joe"
    ),
    _words(
        "Smith Jones Taylor Davies Evans Thomas O'Brien O'Neill MacDonald Campbell Khan Patel Singh Walker "
        "Wright Hughes Green Clarke Bennett Shaw Ahmed Murphy Fraser Begum"
    ),
    _words("Ash Brad Clay Har Hol Lang Nor Stan Whit Win Black Thorn Rad Elm Ken Wood"),
    _words("ley ford ton well man field worth combe bury more stead ward by son croft wick"),
    _words(
        "High_Street Church_Lane Station_Road Mill_Lane Victoria_Road Green_Lane Park_Avenue The_Crescent "
        "Queen's_Road Manor_Drive Orchard_Close King_Street Chapel_Hill Springfield_Road"
    ),
    True,
    _words("Leeds York Bath Swansea Dundee Exeter Norwich Lincoln Stoke-on-Trent Derby Newcastle Bangor"),
    "@@## #@@",
    "44",
    "74",
    8,
    "0",
)
COUNTRIES = (FRANCE, FRANCE, GERMANY, GERMANY, SPAIN, ITALY, POLAND, BRITAIN)
"""Where a household lives: drawn evenly from this list, so a country named twice is twice as common."""

UNACCENTED = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that no Unicode decomposition takes apart."""

GOODS = {
    "vitamins": "Vitamin_C Vitamin_D3 Omega-3 Magnesium Zinc Probiotics Iron Multivitamin",
    "books": "Atlas Cookbook Crime_novel Travel_guide Biography Picture_book Dictionary Poems",
    "films": "Box_set Documentary Concert Western Comedy Silent_classics Series Anime",
    "menswear": "Shirt Jeans Jumper Coat Belt Socks Blazer Trainers",
    "womenswear": "Dress Blouse Skirt Cardigan Boots Scarf Jacket Leggings",
    "garden": "Secateurs Hose Tomato_seeds Bird_feeder Watering_can Compost Gloves Lantern",
    "kitchen": "Espresso_pot Knife Saucepan Teapot Scales Whisk Chopping_board Grater",
    "toys": "Puzzle Wooden_train Kite Marbles Doll's_house Card_game Building_bricks Yo-yo",
}
"""Category to article names; each article comes in three sizes or editions."""

DOMAINS = (
    "gmail.com",
    "example.com",
    "example.org",
    "mail.example",
    "gmail.com",
    "post.example",
    "example.net",
)
DOMAIN_SLIPS = {"gmail.com": "gmial.com", "example.com": "exmaple.com", "example.org": "example.og"}
JUNK_USER_IDS = ("null", "undefined", "[object Object]", "null")
JUNK_PHONE = "0000000000"
TEST_EMAIL = "test@test.com"
CAMPAIGNS = (
    "newsletter",
    "promotion",
    "abandoned_cart",
    "reorder_reminder",
    "reward_reminder",
    "survey_invite",
    "win_back",
)
