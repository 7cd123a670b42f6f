"""Short forms of given names: which names may be one name. Our own table, of several languages."""

# Each line: a name, then forms that stand for it. A form may stand in several lines (Alex, Sasha).
_LINES = """
abigail abby gail
abraham abe bram
adelaide addie ada
agnieszka aga agata
albert al bert bertie
alberto beto
aleksander olek alex
alexander alex alec sandy sasha xander lex alexandre alessandro aleksandr alejandro
alexandra alex sandra sasha alexa lexi sandy alessandra alejandra
alfred al fred alf alfie
alice ali
amanda mandy
amelia amy millie mia
anastasia nastya ana stacy
andrew andy drew andreas andre andrea andrei andrzej anders andres
angela angie
anna ann anne annie ana hannah anya anita nancy annette
anthony tony antoine antonio anton toni antony
antonio tonio tono toni
archibald archie
arthur art artie arturo
augustus gus august
barbara barb babs barbie basia
bartholomew bart
beatrice bea trixie beatriz
benjamin ben benny benji
bernard bernie bernd bernardo
bridget biddy bridie
caroline carol carrie caz carolina
catherine cathy kate katie cath kathy cat kitty katherine kathryn kathleen katharina katarzyna kasia
ekaterina katya caterina catalina katrin kathrin cecilia cissy celia
charles charlie chuck chas carl karl carlos carlo karel
charlotte lottie charlie lotte
christian chris christiaan kristian cristian
christina chris tina christine chrissy cristina kristina christiane krystyna
christopher chris kit topher christoph christophe kristoffer cristobal
clara claire clare klara
claudia claude
constance connie constanze
cornelius corny neil
cynthia cindy
daniel dan danny daniele daniil
david dave davey davy davide
deborah debbie deb debra
denise denny
dennis den denny
dmitri dima mitya dmitry dmytro
dominic dom nick dominik dominique
donald don donny
dorothy dot dottie dolly dorothea
douglas doug
edmund ed eddie ned edmond
edward ed eddie ted teddy ned eduard edouard eduardo edoardo
eleanor ellie nell nora lenora elena eleonora
elizabeth liz lizzie beth betty eliza elsie bess libby lisa elisabeth elisa elise else ilse isabel betsy
bettina lisbeth elzbieta ela emily em emmy millie emilia emilie
emma em emmy
erich eric erik
ernest ernie ernst
eugene gene evgeny eugen
evelyn evie eve
ferdinand ferdi fernando nando
florence flo florrie flora
frances fran fanny frankie francesca franziska francoise
francis frank fran francesco francisco francois franz pancho paco
franklin frank
frederick fred freddie rick fritz friedrich frederic federico
gabriel gabe gabriele
gabriella gabby gabi ella gabriela gabriele
geoffrey geoff jeff jeffrey
george georgie jorge georg georges giorgio jurgen yuri
gerald gerry jerry gerhard gerd
gertrude gertie trudy
gillian gill jill
giovanni gianni nino
giuseppe beppe peppe pino
grace gracie
gregory greg grigory
guillermo memo
gustav gus
hans johann johannes
harold harry hal harald
harriet hattie
heinrich heinz heiner henry
helen nell lena helena helene ellen elena
henrietta etta hettie
henry harry hal hank enrique enrico henri hendrik henrik
herbert herb bert
hubert bert hugh
hugo hugh
ignacio nacho
ian iain
irene renie irina ira
isaac ike zac
isabella bella izzy isabel isobel isabelle ella
jacob jake jakob jacques james jakub
jacqueline jackie
jaime jimmy
james jim jimmy jamie jem
jane janet janey jenny jean joan jana
janet jan
jean jeannie
jennifer jen jenny jenni
jeremy jerry jez jeremiah
jessica jess jessie
jesus chuy
joan joanie
joanna jo joanne johanna joana asia hanna
johannes hannes johann hans jan
john johnny jack jon johan johann juan jean giovanni ivan jan joao ian sean hans
jonathan jon jonny johnny nathan
jorge coque
jose pepe joseph chepe
josefa pepa
joseph joe joey jos josef jose giuseppe jozef
josephine jo josie josefine
joshua josh
juan juanito
judith judy jude
julia julie jule
julian jules
kenneth ken kenny
kimberly kim
klaus claus nikolaus nicolas
konstantin kostya costa
laura laurie
lawrence larry laurie lars lorenz laurent lorenzo
leonard leo len lenny leonardo leonhard
lewis lew louis
lilian lily lil
louis lou louie lewis luis luigi ludwig
louise lou luise luisa louisa
lucas luke luca lukas luc
lucy lucia lucie lucinda
lyudmila lyuda mila
madeleine maddie madeline magdalena lena
malgorzata gosia
manuel manolo manny
margaret maggie meg peg peggy marge margie rita greta daisy madge margot margarita margarethe gretel
marguerite margherita maria mary marie mia mariya masha maryam miriam
martha marty patty
martin marty martino
mary molly polly may mamie maria marie
matilda tilly mattie mathilde
matthew matt matty matthias matthieu mateo matteo mathias
maurice mo moritz mauricio
maximilian max maxi massimiliano
maxim max maxime maksim
melissa mel missy lissa
mercedes merche
michael mike mick micky mickey mitch mikey michel michele miguel mikhail misha michal mikael
michelle shelly micky michele
mikhail misha
mildred millie
miranda mandy
mohammed muhammad mohamed mohammad muhammed mehmet mo
monica mona monika monique
montgomery monty
nadezhda nadia nadya
natalie nat natalia nathalie natasha natalya
nathaniel nat nathan nate
nicholas nick nicky nicolas niklas nico nikolai kolya klaus nicola
nicole nicky nikki nicola nicoletta
norman norm
oliver ollie olivier
olivia liv livvy
oswald ozzie
pamela pam
patricia pat patty tricia trish patti patrizia
patrick pat paddy patrizio patricio
paul pablo paolo pavel paulo pawel
pauline paula paulina
peter pete pedro pierre pietro petr piotr pyotr petra
philip phil pip philippe felipe filippo philipp phillip
philippa pippa pip
priscilla cilla
prudence prue
rachel rach rae raquel rahel
raymond ray ramon
rebecca becky becca bex rebekka
regina gina reggie
reginald reg reggie
richard rick dick rich richie ricky ricardo riccardo
robert bob rob bobby robbie bert roberto bobbie
roberta bobbie
rodney rod
roger rodger rod
roland rolly rolando orlando
ronald ron ronnie
rosario charo
rosemary rose rosie romy
rose rosie rosa
rudolf rudi rodolfo
rupert ruprecht
russell russ rusty
salvatore toto
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sally sadie sara
sebastian seb bastian basti sebastien
sergei serge sergio seryozha sergey
sidney sid
simon sy simone simeon
sophia sophie sofia sonya sonja zosia
stanislaw stas stan staszek
stanley stan
stephanie steph stefanie stephie stefania
stephen steve stevie steven stefan stephan esteban etienne stefano
stuart stu stewart
susan sue susie suzy susanna suzanne susanne suzanna
svetlana sveta lana
sylvester sly silvester
sylvia silvia sylvie
tamara toma
tatiana tanya tania
teresa terry tess tessa theresa therese terri tracy
thaddeus tad
theodore ted teddy theo fyodor theodor
thomas tom tommy tomas tommaso tomasz
timothy tim timmy
tobias toby tobi
valentina valya tina
valerie val valeria
veronica ronnie vera veronika
victor vic viktor vittorio
victoria vicky tori viktoria vika vittoria
vincent vince vinny vincenzo vicente
violet vi viola
virginia ginny ginger
vladimir vova volodya vlad
walter walt wally walther
wendy gwendolyn gwen
wilhelmina mina billie willa
wilhelm willi willy
william bill will billy willie liam wilhelm guillaume guillermo guglielmo
winifred winnie freda
yekaterina katya ekaterina
zachary zach zack zak
"""


def _families() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_LINES.split("\n")):
        for name in line.split():
            found.setdefault(name, set()).add(number)
    return {name: frozenset(lines) for name, lines in found.items()}


_FAMILIES = _families()
_NONE: frozenset[int] = frozenset()


def may_be_one(one: str, two: str) -> bool:
    """Whether two folded given names stand in one line of the table: Bob and Robert, Paco and Francisco."""
    return not _FAMILIES.get(one, _NONE).isdisjoint(_FAMILIES.get(two, _NONE))


def families(name: str) -> frozenset[int]:
    """The lines of the table in which a folded given name stands; empty for most names."""
    return _FAMILIES.get(name, _NONE)
